"""The adapter as it meets real AWS, without a sandbox about it; the stand-in is what moto is not: slow, strict, forgetful."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from im.domain.state import Observed
from im.providers.aws.api.clients import Clients
from im.providers.aws.provider import AwsProvider
from im.providers.contract import Filter, merge_pages
from im.providers.errors import ProviderError
from im.settings import Settings
from tests.machines import machines
from tests.providers.clouds import DEPLOYMENT
from tests.providers.standin_room import StandInRoom


@pytest.fixture
def real(standin: StandInRoom, monkeypatch: pytest.MonkeyPatch) -> StandInRoom:
    """The stand-in's room, its provider without any sandbox about it."""
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, os.devnull)
    monkeypatch.setenv("AWS_ENDPOINT_URL", standin.url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIATEST")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "none")
    settings = Settings()
    standin.provider = AwsProvider(settings, DEPLOYMENT, Clients(settings))
    assert standin.provider.capabilities.idempotent_launch
    return standin


def code(raises: Callable[[], object]) -> str:
    with pytest.raises(ProviderError) as caught:
        raises()
    return caught.value.code


def test_a_launch_whose_reply_was_lost_is_repeated_and_stays_one_machine(real: StandInRoom) -> None:
    slots = real.slots(3)

    def launch() -> list[str]:
        return [one.provider_id for one in real.provider.launch(real.scope, real.spec, token="tok", slots=slots)]

    real.control.lose_reply("RunInstances")
    assert code(launch) == "ambiguous"
    assert len(launch()) == 3
    assert len(real.control.machines()) == 3


def test_a_launch_that_lands_late_is_found_by_its_token(real: StandInRoom) -> None:
    real.control.act_late("RunInstances", 90)
    assert code(lambda: real.launch(2, token="tok")) == "ambiguous"
    assert merge_pages(real.provider.list(real.scope, Filter(token="tok"))).sightings == ()
    real.control.step(90)
    assert len(merge_pages(real.provider.list(real.scope, Filter(token="tok"))).sightings) == 2


def test_the_machines_of_a_used_up_token_are_shown_as_they_ended(real: StandInRoom) -> None:
    slots = real.slots()
    (one,) = real.provider.launch(real.scope, real.spec, token="tok", slots=slots)
    real.control.outside("terminate", one.provider_id)
    real.settle()
    (seen,) = real.provider.launch(real.scope, real.spec, token="tok", slots=slots)
    assert (seen.provider_id, seen.state) == (one.provider_id, Observed.TERMINATED)


@pytest.mark.parametrize(
    ("breaks", "word"),
    [
        (lambda control: control.capacity("us-east-1a", 0), "no_capacity"),
        (lambda control: control.limits(vcpus=0), "quota_exceeded"),
        (lambda control: control.refuse("RunInstances", "RequestLimitExceeded"), "throttled"),
        (lambda control: control.refuse("RunInstances", "InternalError"), "ambiguous"),
        (lambda control: control.deny("RunInstances"), "forbidden"),
        (lambda control: control.deny("RunInstances", "AuthFailure"), "unauthenticated"),
        (lambda control: control.truncate("RunInstances"), "ambiguous"),
    ],
)
def test_how_a_launch_fails_has_one_word(real: StandInRoom, breaks: Callable[..., object], word: str) -> None:
    breaks(real.control)
    assert code(real.launch) == word


def test_a_newborn_is_not_there_for_a_while(real: StandInRoom) -> None:
    real.control.configure(delays={"visible": 10})
    (one,) = real.launch()
    ids = [one.provider_id]
    assert real.states(ids) == {}
    assert real.provider.stop(real.scope, machines(ids)).failed[one.provider_id].code == "not_found"
    real.control.step(10)
    assert real.states(ids) == {one.provider_id: Observed.RUNNING}


def test_machines_in_transition_sink_nobody_else(real: StandInRoom) -> None:
    ids = real.running(6)
    young = [one.provider_id for one in real.provider.launch(real.scope, real.spec, token="y", slots=real.slots(2))]
    result = real.provider.stop(real.scope, machines([*ids[:3], *young, *ids[3:]]))
    assert set(result.done) == set(ids)
    assert {error.code for error in result.failed.values()} == {"wrong_state"}
    assert set(result.failed) == set(young)


def test_protected_machines_are_named_and_the_others_go(real: StandInRoom) -> None:
    here = real.running(4)
    real.spec = replace(real.spec, zone="us-east-1b")
    there = real.running(2)
    real.control.protect(here[1], terminate=True)
    result = real.provider.terminate(real.scope, machines([*here, *there]))
    assert {one: error.code for one, error in result.failed.items()} == {here[1]: "forbidden"}
    assert set(result.done) == {here[0], *here[2:], *there}


def test_one_time_spot_cannot_be_stopped(real: StandInRoom) -> None:
    ids = real.running(2)
    image = real.raw.describe_instances(InstanceIds=ids)["Reservations"][0]["Instances"][0]["ImageId"]
    market = {"MarketType": "spot"}
    made = real.raw.run_instances(
        ImageId=image, InstanceType="t3.nano", MinCount=1, MaxCount=1, InstanceMarketOptions=market
    )
    spot = made["Instances"][0]["InstanceId"]
    real.settle()
    result = real.provider.stop(real.scope, machines([*ids, spot]))
    assert result.failed[spot].code == "unsupported"
    assert set(result.done) == set(ids)


def test_a_listing_that_breaks_off_says_that_it_is_incomplete(
    real: StandInRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("im.providers.aws.api.sightings.PAGE", 10)
    ids = real.control.create(15, tags={"im:deployment": DEPLOYMENT})
    real.control.refuse("DescribeInstances", "UnauthorizedOperation", skip=1)
    half = merge_pages(real.provider.list(real.scope))
    assert (half.complete, len(half.sightings)) == (False, 10)
    full = merge_pages(real.provider.list(real.scope))
    assert full.complete
    assert [one.provider_id for one in full.sightings] == ids


def test_the_clouds_clock_is_told_with_its_skew(real: StandInRoom) -> None:
    real.control.configure(skew=-7200)
    assert merge_pages(real.provider.list(real.scope)).date == datetime(2029, 12, 31, 22, tzinfo=UTC)
