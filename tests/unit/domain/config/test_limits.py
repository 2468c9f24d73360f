"""Limits of an account, as people write them, and what they are laid over."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from im.domain.config.limits import Limit, calls_of, machines_of, parse_limits
from im.domain.errors import Refused
from im.domain.rate_limit import Rate
from im.providers import registry
from im.settings import Settings

USUAL: Mapping[str, Rate] = {"stop": Rate(4, 40), "launch": Rate(1.5, 4)}


def test_they_are_read_as_written() -> None:
    assert parse_limits(" stop = 20/200,\nprod/stop.machines=199.5/10000, describe=none ") == (
        Limit("stop", Rate(20, 200)),
        Limit("stop.machines", Rate(199.5, 10_000), "prod"),
        Limit("describe", None),
    )
    assert parse_limits("") == ()


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ("stop", "'stop' is no limit"),
        ("stop=", "'stop=' is no limit"),
        ("stopp=1/1", "the name 'stopp'"),
        ("describe.machines=1/1", "the name 'describe.machines'"),
        ("stop=20", "has no rate"),
        ("stop=0/5", "has no rate"),
        ("stop=5/0", "has no rate"),
        ("stop=-1/5", "has no rate"),
        ("stop=1e3/5", "has no rate"),
        ("stop=1/5, launch", "'launch' is no limit"),
    ],
)
def test_what_cannot_be_read_is_named(written: str, says: str) -> None:
    with pytest.raises(Refused, match=says):
        parse_limits(written)


def test_a_near_miss_is_told() -> None:
    with pytest.raises(Refused) as caught:
        parse_limits("stop.machine=1/1")
    assert caught.value.hint == "did you mean stop.machines?"


def test_nothing_said_leaves_what_is_known() -> None:
    assert calls_of(USUAL, (), "default") == USUAL


def test_an_account_has_its_own_before_everybodys() -> None:
    limits = parse_limits("prod/stop=30/300, stop=20/200, prod/launch=none")
    assert calls_of(USUAL, limits, "prod") == {"stop": Rate(30, 300)}
    assert calls_of(USUAL, limits, "dev") == {"stop": Rate(20, 200), "launch": Rate(1.5, 4)}


def test_calls_and_the_machines_they_name_are_two_limits() -> None:
    limits = parse_limits("stop.machines=200/10000")
    assert calls_of(USUAL, limits, "dev") == USUAL
    assert machines_of({"stop": Rate(19.5, 950)}, limits, "dev") == {"stop": Rate(200, 10_000)}


def test_a_provider_is_given_the_limits_of_its_account() -> None:
    settings = Settings(provider="fake", limits=parse_limits("prod/stop=1/2"))
    assert registry.connect("fake", settings, "here", "prod").capabilities.rates["stop"] == Rate(1, 2)
    assert "stop" not in registry.connect("fake", settings, "here", "dev").capabilities.rates


def test_the_environment_says_them() -> None:
    assert Settings.from_env({"HOME": "/nonexistent", "IM_LIMITS": "stop=1/2"}).limits == (Limit("stop", Rate(1, 2)),)


def test_the_figures_in_the_guide_are_those_of_the_profile() -> None:
    capabilities = registry.profile("aws").capabilities
    known = {**capabilities.rates, **{f"{verb}.machines": rate for verb, rate in capabilities.machine_rates.items()}}
    guide = (Path(__file__).parents[4] / "docs" / "fleet.md").read_text()
    told = {}
    for names, usual in re.findall(r"^\| (`[a-z`., ]+`)[^|]*\| ([\d./, ]+) \|", guide, re.MULTILINE):
        rates, whats = usual.split(", "), re.findall(r"`([a-z.]+)`", names)
        told |= dict(zip(whats, rates * (len(whats) if len(rates) == 1 else 1), strict=True))
    assert told == {what: f"{rate.per_second:g}/{rate.burst:g}" for what, rate in known.items()}
