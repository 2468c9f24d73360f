from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from im.domain import tags
from im.providers.kit.names import server_name
from im.providers.kit.tags import LabelCodec, decoded, encoded

LABEL = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?", re.ASCII)


@given(st.text(max_size=200))
def test_whatever_is_said_becomes_a_label(value: str) -> None:
    assert LABEL.fullmatch(encoded(value))


@given(st.text(max_size=12))
def test_what_is_short_comes_back_as_it_was(value: str) -> None:
    if len(encoded(value)) < 63:
        assert decoded(encoded(value)) == value


def test_two_long_values_that_begin_alike_stay_two() -> None:
    assert encoded("a b" * 40 + "1") != encoded("a b" * 40 + "2")


def test_our_facts_travel_under_their_own_keys_and_come_back() -> None:
    codec = LabelCodec()
    said = {tags.DEPLOYMENT: "11111111-2222", tags.OWNER: "me@home", "team": "web", "no:label": "x"}
    labels = codec.labels(said)
    assert labels["im/deployment"] == "11111111-2222"
    assert codec.tags(labels) == {key: value for key, value in said.items() if key != "no:label"}


@given(st.text(max_size=80))
def test_a_servers_name_is_a_hostname_and_holds_the_id(name: str) -> None:
    made = server_name(name, "im-0123456789")
    assert re.fullmatch(r"[a-z0-9-]{1,63}", made)
    assert made.endswith("0123456789")
