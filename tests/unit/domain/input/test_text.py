"""What people say of themselves is checked at the door, and what others have written breaks no listing."""

from __future__ import annotations

import pytest

from im.domain.errors import Refused
from im.domain.input.text import OWNER, check_text, visible
from im.providers.aws.api.fast_parser import _without_what_xml_forbids
from im.settings import Settings

BAD = [
    "a\x1b[31m",
    "a\nBcc: eve",
    "a\x00",
    "a\u202eb",
    "a\u200bb",
    "\udcff",
    "\ufffe",
    "x" * (OWNER + 1),
    "  ",
    "a\x9bm",
]


@pytest.mark.parametrize("owner", BAD)
def test_an_owner_that_cannot_be_shown_is_refused_before_anything_is_read_or_written(owner: str) -> None:
    with pytest.raises(Refused, match=r"^IM_OWNER ") as refused:
        Settings.from_env({"IM_OWNER": owner, "HOME": "/nonexistent", "IM_HOME": "/nonexistent"})
    assert refused.value.message.isprintable()
    assert len(refused.value.message) < 160


@pytest.mark.parametrize("owner", ["ada", "Ada Lovelace", "ada@example.com", "DOMAIN\\ada", "Zoë", "李"])
def test_an_owner_that_can_be_shown_is_taken(owner: str) -> None:
    assert check_text(owner, "IM_OWNER", OWNER, "") == owner


def test_what_others_wrote_is_made_visible() -> None:
    assert visible("a\x1b[31m\nb") == "a?[31m?b"


@pytest.mark.parametrize("forbidden", [b"\x1b", b"&#x1b;", b"&#27;", b"&#x0;", b"\x00", b"&#x0B;"])
def test_a_tag_that_no_xml_may_hold_is_read_with_a_mark_in_its_place(forbidden: bytes) -> None:
    answer = {"body": b"<value>a" + forbidden + b"b</value>"}
    _without_what_xml_forbids(answer)
    assert answer["body"] == b"<value>a?b</value>"


@pytest.mark.parametrize(
    "allowed", [b"&#9;", b"&#10;", b"&#xD;", b"&#x41;", b"&#127;", b"&#100;", b"\t", b"&#x20;", b"&#32;"]
)
def test_what_xml_may_hold_is_left_alone(allowed: bytes) -> None:
    answer = {"body": b"<value>" + allowed + b"</value>"}
    _without_what_xml_forbids(answer)
    assert answer["body"] == b"<value>" + allowed + b"</value>"
