"""What people say of themselves is checked at the door, and what others have written breaks no listing."""

from __future__ import annotations

import json

import pytest

from im.cli.output.terminal import visible_json
from im.domain.errors import Refused
from im.domain.input.text import OWNER, PLACE, check_text, visible
from im.providers.aws.api.fast_parser import _without_what_xml_forbids
from im.providers.aws.profile import PROFILE
from im.providers.request import Ask
from im.settings import Settings
from tests.providers.clouds import public_key

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


@pytest.mark.parametrize("name", [*BAD, "x" * (PLACE + 1)])
def test_an_account_that_cannot_be_shown_is_refused_too(name: str) -> None:
    with pytest.raises(Refused, match=r"^IM_ACCOUNT ") as refused:
        Settings.from_env({"IM_ACCOUNT": name, "HOME": "/nonexistent", "IM_HOME": "/nonexistent"})
    assert refused.value.message.isprintable()


@pytest.mark.parametrize(
    "written", ["p\x1b[31m=dev", "prod=dev\x1b[31m", "prod=dev\u202e", "prod=arn:aws:iam::1:role/\x1b"]
)
def test_nor_does_a_declared_account_have_a_name_a_profile_or_a_role_of_that_kind(written: str) -> None:
    with pytest.raises(Refused):
        Settings.from_env({"IM_ACCOUNTS": written, "HOME": "/nonexistent", "IM_HOME": "/nonexistent"})


@pytest.mark.parametrize("region", ["us-east-1\x1b[31m", "us-east-1\n", "us-east-1\u200b", "us-east-1 --x", "x" * 100])
def test_a_region_that_cannot_be_is_no_place_for_a_machine(region: str) -> None:
    with pytest.raises(Refused):
        PROFILE.plan(Ask(public_key=public_key(), owner="ada"), account="default", default_region=region)
    with pytest.raises(Refused):
        PROFILE.locate(["i-0123456789abcdef0"], account="default", region=region)


@pytest.mark.parametrize("text", ["a\x9bm", "a\u202eb", "a\x7f", "\ud83d", "a\u2028b", "\U000e0041", "Zoë 李 = fine"])
def test_json_says_the_same_and_holds_nothing_that_cannot_be_shown(text: str) -> None:
    told = visible_json(json.dumps({"name": text}, ensure_ascii=False, indent=2))
    assert told.replace("\n", "").isprintable()
    assert json.loads(told) == {"name": text}


@pytest.mark.parametrize("owner", ["ada", "Ada Lovelace", "ada@example.com", "DOMAIN\\ada", "Zoë", "李"])
def test_an_owner_that_can_be_shown_is_taken(owner: str) -> None:
    assert check_text(owner, "IM_OWNER", OWNER, "") == owner


def test_what_others_wrote_is_made_visible() -> None:
    assert visible("a\x1b[31m\nb") == "a?[31m?b"


@pytest.mark.parametrize(
    "forbidden",
    [
        *(
            b"\x1b",
            b"&#x1b;",
            b"&#27;",
            b"&#x0;",
            b"\x00",
            b"&#x0B;",
            b"&#xD800;",
            b"&#xdfff;",
            b"&#55357;",
            b"&#xFFFE;",
        ),
        *(b"&#65535;", b"&#x110000;", b"\xef\xbf\xbe", b"\xef\xbf\xbf"),
    ],
)
def test_a_tag_that_no_xml_may_hold_is_read_with_a_mark_in_its_place(forbidden: bytes) -> None:
    answer = {"body": b"<value>a" + forbidden + b"b</value>"}
    _without_what_xml_forbids(answer)
    assert answer["body"] == b"<value>a?b</value>"


@pytest.mark.parametrize("broken", [b"\xed\xa0\x80", b"\xff", b"\xc3"])
def test_bytes_that_are_no_text_are_read_with_a_mark_in_their_place(broken: bytes) -> None:
    answer = {"body": b"<value>a" + broken + b"b</value>"}
    _without_what_xml_forbids(answer)
    assert answer["body"].decode().replace("\ufffd", "") == "<value>ab</value>"


@pytest.mark.parametrize(
    "allowed", [b"&#9;", b"&#10;", b"&#xD;", b"&#x41;", b"&#127;", b"&#100;", b"\t", b"&#x20;", b"&#32;"]
)
def test_what_xml_may_hold_is_left_alone(allowed: bytes) -> None:
    answer = {"body": b"<value>" + allowed + b"</value>"}
    _without_what_xml_forbids(answer)
    assert answer["body"] == b"<value>" + allowed + b"</value>"
