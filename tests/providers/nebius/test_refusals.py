"""What Nebius' refusals mean: one code of gRPC has several, and its detail decides."""

from __future__ import annotations

from typing import Any

import pytest

from im.providers import errors
from im.providers.nebius.errors import meaning
from im.standins.nebius import errors as told


@pytest.mark.parametrize(
    ("refusal", "kind"),
    [
        (told.quota("compute.instance.count", 4), errors.QuotaExceeded),
        (told.too_many(), errors.Throttled),
        (told.bad_state("x", "the disk is attached"), errors.WrongState),
        (told.conflict("operation-1"), errors.WrongState),
        (told.exists("web"), errors.InvalidSpec),
        (told.not_found("x"), errors.NotFound),
        (told.invalid("spec.resources", "no such preset"), errors.InvalidSpec),
        (told.forbidden("project-e00a"), errors.Forbidden),
        (told.unauthenticated("who?"), errors.Unauthenticated),
    ],
)
def test_the_detail_decides_and_not_the_code_alone(refusal: Any, kind: type[errors.ProviderError]) -> None:
    found = meaning(refusal.code.name, refusal.message, refusal.details, mutating=True)
    assert isinstance(found, kind)
    assert found.message.startswith("Nebius: ")


def test_what_lacks_room_and_what_nobody_knows() -> None:
    message, status = told.no_room("gpu-h100-sxm")
    assert isinstance(meaning("RESOURCE_EXHAUSTED", message, status), errors.NoCapacity)
    assert isinstance(meaning("RESOURCE_EXHAUSTED", "slow down", b"\xff\xff"), errors.Throttled)
    for code in ("DEADLINE_EXCEEDED", "INTERNAL", "UNKNOWN", "UNAVAILABLE"):
        assert isinstance(meaning(code, "x", mutating=True), errors.Ambiguous)
        assert isinstance(meaning(code, "x", mutating=False), errors.Unavailable)
    never = meaning("UNAVAILABLE", "failed to connect to all addresses; last error", mutating=True)
    assert type(never) is errors.Unavailable
