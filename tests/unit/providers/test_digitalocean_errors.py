"""The one table of what DigitalOcean says, and what it means to us."""

from __future__ import annotations

import pytest

from im.providers import errors as e
from im.providers.digitalocean.api import CLOUD, last_page, translate
from im.providers.errors import ProviderError
from im.providers.kit.http import Answer, by_status


def meant(status: int, message: str, *, mutating: bool) -> type[ProviderError]:
    answer = Answer(status, {"id": "x", "message": message}, {})
    return type(translate(answer, mutating) or by_status(CLOUD, answer, mutating=mutating))


@pytest.mark.parametrize(
    ("status", "message", "asked", "changed"),
    [
        (401, "Unable to authenticate you", e.Unauthenticated, e.Unauthenticated),
        (403, "You are not authorized to perform this operation", e.Forbidden, e.Forbidden),
        (404, "The resource you were accessing could not be found.", e.NotFound, e.NotFound),
        (409, "duplicate name", e.WrongState, e.WrongState),
        (422, "creating this/these droplet(s) will exceed your droplet limit", e.QuotaExceeded, e.QuotaExceeded),
        (422, "Size is not available in this region.", e.NotOffered, e.NotOffered),
        (422, "Region is not available", e.NotOffered, e.NotOffered),
        (422, "This size is currently restricted", e.NotOffered, e.NotOffered),
        (422, "7 are invalid key identifiers for Droplet creation.", e.NotThereYet, e.NotThereYet),
        (422, "Droplet already has a pending event.", e.WrongState, e.WrongState),
        (422, "You specified an invalid image for Droplet creation.", e.InvalidSpec, e.InvalidSpec),
        (422, "a sentence that is new to us", e.InvalidSpec, e.InvalidSpec),
        (429, "Too many requests", e.Throttled, e.Throttled),
        (500, "Server Error", e.Unavailable, e.Ambiguous),
        (502, "", e.Unavailable, e.Ambiguous),
        (503, "", e.Unavailable, e.Ambiguous),
        (504, "", e.Unavailable, e.Ambiguous),
    ],
)
def test_what_each_answer_means(
    status: int, message: str, asked: type[ProviderError], changed: type[ProviderError]
) -> None:
    assert meant(status, message, mutating=False) is asked
    assert meant(status, message, mutating=True) is changed


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "7", "ratelimit-reset": "4000000000"}, 7),
        ({"Date": "Tue, 01 Jan 2030 00:00:00 GMT", "ratelimit-reset": "1893456020"}, 20),
        ({"Date": "Tue, 01 Jan 2030 00:00:00 GMT", "ratelimit-reset": "1893459600"}, 60),
        ({"Date": "Tue, 01 Jan 2030 00:00:00 GMT", "ratelimit-reset": "1"}, 1),
        ({}, None),
    ],
)
def test_when_to_come_again(headers: dict[str, str], seconds: int | None) -> None:
    told = translate(Answer(429, {"id": "too_many_requests", "message": "slower"}, headers), mutating=True)
    assert told is not None
    assert (told.retry_after and told.retry_after.total_seconds()) == seconds


def test_what_it_says_is_shown_without_secrets() -> None:
    told = translate(Answer(422, {"id": "x", "message": "token=dop_v1_hush is odd"}, {}), mutating=True)
    assert told is not None
    assert "hush" not in told.message


@pytest.mark.parametrize(
    ("links", "number"),
    [
        ({}, 1),
        ({"pages": {}}, 1),
        ({"pages": {"last": "https://api.digitalocean.com/v2/actions?page=126&per_page=200"}}, 126),
        ({"pages": {"last": "https://api.digitalocean.com/v2/actions?per_page=200"}}, 1),
    ],
)
def test_the_last_page_of_a_list(links: dict[str, object], number: int) -> None:
    assert last_page(Answer(200, {"links": links}, {})) == number
