"""Rules as people write them: what is meant, what is nonsense, and the nearest right form."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from im.domain.errors import Refused
from im.domain.spec.firewall import MOST_RULES, Rule, check_source, gathered, parse_open, sentence


@pytest.mark.parametrize(
    ("text", "network"),
    [
        ("203.0.113.7", "203.0.113.7/32"),
        (" 203.0.113.0/24 ", "203.0.113.0/24"),
        ("anywhere", "0.0.0.0/0"),
        ("2001:db8::1", "2001:db8::1/128"),
        ("2001:DB8::/32", "2001:db8::/32"),
    ],
)
def test_networks(text: str, network: str) -> None:
    assert check_source(text) == network


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("203.0.113.7/24", "did you mean 203.0.113.0/24?"),
        ("10.1.2.3/8", "did you mean 10.0.0.0/8?"),
        ("203.0.113.7/33", "did you mean 203.0.113.7/32?"),
        ("2001:db8::/129", "did you mean 2001:db8::/128?"),
        ("300.0.0.1/33", "write 203.0.113.7"),
        ("300.0.0.1", "write 203.0.113.7"),
        ("", "write 203.0.113.7"),
        ("me please", "write 203.0.113.7"),
        ("203.0.113", "write 203.0.113.7"),
        ("example.com", "write 203.0.113.7"),
        ("1" * 5000, "write 203.0.113.7"),
        ("127.0.0.1", "name the address that the cloud sees"),
        ("::1/128", "name the address that the cloud sees"),
        ("169.254.0.0/16", "name the address that the cloud sees"),
        ("224.0.0.0/4", "name the address that the cloud sees"),
    ],
)
def test_no_networks(text: str, hint: str) -> None:
    with pytest.raises(Refused) as caught:
        check_source(text)
    assert hint in caught.value.hint
    assert len(caught.value.message) < 120


def test_the_words_that_may_be_said_are_those_of_the_option() -> None:
    with pytest.raises(Refused) as of_ssh:
        check_source("everyone", ("me", "none"))
    assert of_ssh.value.hint == "write 203.0.113.7, 203.0.113.0/24, me, none or anywhere"
    with pytest.raises(Refused) as of_open:
        parse_open("443/tcp@me")
    assert of_open.value.hint == "write 203.0.113.7, 203.0.113.0/24 or anywhere"


def test_ports_are_open_to_the_world_unless_a_network_is_named() -> None:
    assert [str(rule) for rule in parse_open("443/tcp, 8000-8010 ,53/udp@10.0.0.0/8")] == [
        *("443/tcp@0.0.0.0/0", "443/tcp@::/0", "8000-8010/tcp@0.0.0.0/0", "8000-8010/tcp@::/0", "53/udp@10.0.0.0/8")
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("8010-8000/tcp", "did you mean 8000-8010/tcp?"),
        ("443/https", "did you mean 443/tcp?"),
        ("0/tcp", "ports go from 1 to 65535"),
        ("65536", "ports go from 1 to 65535"),
        ("https", "write 443/tcp"),
        ("", "write 443/tcp"),
        ("443,,80", "write 443/tcp"),
        ("443/tcp@10.0.0.1/8", "did you mean 10.0.0.0/8?"),
        ("-1", "write 443/tcp"),
        ("٤٤٣", "write 443/tcp"),
    ],
)
def test_no_ports(text: str, said: str) -> None:
    with pytest.raises(Refused) as caught:
        parse_open(text)
    assert said in caught.value.hint


def test_nothing_said_is_not_nobody() -> None:
    assert gathered(None, ()) is None
    assert gathered((), ()) == ()
    assert gathered(None, parse_open("443@10.0.0.0/8")) == (Rule("tcp", 443, 443, "10.0.0.0/8"),)


def test_the_same_wish_is_the_same_set_of_rules_however_it_is_written() -> None:
    one = gathered(("10.0.0.0/8", "192.0.2.0/24"), parse_open("80,443,80"))
    assert one == gathered(("192.0.2.0/24", "10.0.0.0/8", "10.0.0.0/8"), parse_open("443/tcp,80/tcp"))


def test_more_rules_than_fit_are_refused() -> None:
    assert len(gathered(None, parse_open(",".join(f"{n}@10.0.0.0/8" for n in range(1, MOST_RULES + 1)))) or ()) == 60
    with pytest.raises(Refused, match="61 rules"):
        gathered(("10.0.0.0/8",), parse_open(",".join(f"{n}@10.0.0.0/8" for n in range(100, 160))))


@given(
    st.sampled_from(["tcp", "udp"]),
    st.integers(1, 65535),
    st.integers(1, 65535),
    st.ip_addresses()
    .filter(lambda a: not (a.is_loopback or a.is_link_local or a.is_multicast))
    .map(lambda a: check_source(str(a))),
)
def test_a_rule_is_read_as_it_was_written(protocol: str, a: int, b: int, source: str) -> None:
    rule = Rule(protocol, min(a, b), max(a, b), source)
    assert Rule.read(str(rule)) == rule


def test_rules_in_words() -> None:
    rules = gathered(("203.0.113.7/32",), parse_open("443"))
    assert sentence(rules or ()) == "22/tcp from 203.0.113.7/32 · 443/tcp from anywhere"
    assert sentence(()) == "nothing"
