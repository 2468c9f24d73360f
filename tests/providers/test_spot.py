"""Spot: what a machine from the spare room is at each cloud, and that nothing comes after it once its request is cancelled."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from im.domain.spec.spot import Spot
from im.domain.state import Observed
from im.providers.contract import merge_pages
from im.providers.errors import Forbidden, Interrupted, InvalidSpec, NoCapacity, Throttled, Unavailable, Unsupported
from im.providers.machine import SPOT_REQUEST, Machine
from tests.machines import machines, with_requests
from tests.providers.clouds import ABSENT, FakeRoom, Room
from tests.providers.standin_room import StandInRoom

GONE = (Observed.TERMINATING, Observed.TERMINATED)


@pytest.fixture(params=["fake", "standin"])
def lender(request: pytest.FixtureRequest) -> FakeRoom | StandInRoom:
    """A cloud that keeps EC2's rules of spot; moto has none of them."""
    found: FakeRoom | StandInRoom = request.getfixturevalue(request.param)
    return found


def spot(room: Room, number: int = 1, **asked: Any) -> dict[str, str]:
    """Running machines → their requests."""
    room.wish(instance_type="t3.nano", spot=Spot(**asked))
    return {
        one: seen.spot_request
        for one, seen in room.provider.describe(room.scope, machines(room.running(number))).items()
    }


def test_a_spot_machine_is_told_as_one_from_its_launch_on(lender: FakeRoom | StandInRoom) -> None:
    lender.wish(instance_type="t3.nano", spot=Spot())
    (made,) = lender.launch()
    assert made.spot_request
    (seen,) = lender.provider.describe(lender.scope, machines([made.provider_id])).values()
    assert (seen.spot_request, seen.interrupted) == (made.spot_request, False)
    lender.wish(instance_type="t3.nano")
    assert lender.launch()[0].spot_request == ""


def test_it_is_stopped_and_started_like_any_other(lender: FakeRoom | StandInRoom) -> None:
    ids = list(spot(lender))
    for change, state in ((lender.provider.stop, Observed.STOPPED), (lender.provider.start, Observed.RUNNING)):
        assert set(change(lender.scope, machines(ids)).done) == set(ids)
        lender.settle()
        assert set(lender.states(ids).values()) == {state}


def test_a_one_time_machine_cannot_be_stopped(lender: FakeRoom | StandInRoom) -> None:
    (one,) = spot(lender, once=True)
    assert isinstance(lender.provider.stop(lender.scope, machines([one])).failed[one], Unsupported)


def test_what_was_cancelled_first_brings_nothing_back(lender: FakeRoom | StandInRoom) -> None:
    requests = spot(lender, 2)
    assert lender.provider.spot.release(lender.scope, with_requests(requests)) == {}
    assert set(lender.provider.terminate(lender.scope, machines(list(requests))).done) == set(requests)
    lender.settle()
    assert lender.alive() == set()
    assert lender.provider.spot.successors(lender.scope, with_requests(requests)) == {}


def test_what_was_not_comes_back_without_a_tag(lender: FakeRoom | StandInRoom) -> None:
    """The cloud's rule, so that the test above can fail."""
    requests = spot(lender)
    lender.outside("terminate", *requests)
    lender.settle()
    (successor,) = lender.alive()
    assert lender.provider.spot.successors(lender.scope, with_requests(requests)) == dict.fromkeys(requests, successor)
    assert successor not in {one.provider_id for one in merge_pages(lender.provider.list(lender.scope)).sightings}


def test_a_stopped_one_ends_with_its_request(lender: FakeRoom | StandInRoom) -> None:
    requests = spot(lender)
    lender.provider.stop(lender.scope, machines(list(requests)))
    lender.settle()
    assert lender.provider.spot.release(lender.scope, with_requests(requests)) == {}
    assert set(lender.provider.terminate(lender.scope, machines(list(requests))).done) == set(requests)
    lender.settle()
    assert lender.alive() == set()


def test_cancelling_is_done_when_it_is_done_over_or_forgotten(lender: FakeRoom | StandInRoom) -> None:
    requests = spot(lender)
    for _ in range(2):
        assert lender.provider.spot.release(lender.scope, with_requests(requests)) == {}
    known, forgotten = next(iter(spot(lender).items())), {ABSENT: "sir-00000000"}
    assert lender.provider.spot.release(lender.scope, with_requests({**forgotten, **dict([known])})) == {}
    lender.outside("terminate", known[0])
    lender.settle()
    assert lender.alive() == set(requests), "the forgotten one stood in nobody's way"


def test_a_request_that_is_not_known_yet_is_looked_up(lender: FakeRoom | StandInRoom) -> None:
    (one,) = spot(lender)
    failed = lender.provider.spot.release(lender.scope, with_requests({one: "", ABSENT: ""}))
    assert {machine: type(exc) for machine, exc in failed.items()} == {ABSENT: Unavailable}
    lender.outside("terminate", one)
    lender.settle()
    assert lender.alive() == set()


def test_an_interruption_shows_and_only_the_cloud_ends_it(lender: FakeRoom | StandInRoom) -> None:
    (one,) = spot(lender)
    lender.take_back(one)
    (seen,) = lender.provider.describe(lender.scope, machines([one])).values()
    assert (seen.state, seen.interrupted) == (Observed.STOPPED, True)
    assert isinstance(lender.provider.start(lender.scope, machines([one])).failed[one], Interrupted)
    lender.give_back(one)
    (seen,) = lender.provider.describe(lender.scope, machines([one])).values()
    assert (seen.state, seen.interrupted) == (Observed.RUNNING, False)
    lender.provider.stop(lender.scope, machines([one]))
    lender.settle()
    assert not lender.provider.describe(lender.scope, machines([one]))[one].interrupted, "we did that"


def test_an_interruption_ends_a_one_time_machine(lender: FakeRoom | StandInRoom) -> None:
    (one,) = spot(lender, once=True)
    lender.take_back(one)
    (seen,) = lender.provider.describe(lender.scope, machines([one])).values()
    assert (seen.state, seen.interrupted) == (Observed.TERMINATED, True)


# ---- EC2's own -------------------------------------------------------------------------------------------------------


def test_one_interrupted_machine_sinks_no_other(standin: StandInRoom) -> None:
    taken, stopped = spot(standin, 2)
    standin.take_back(taken)
    standin.provider.stop(standin.scope, machines([stopped]))
    standin.settle()
    result = standin.provider.start(standin.scope, machines([taken, stopped]))
    assert (set(result.done), set(result.failed)) == ({stopped}, {taken})


def test_what_is_asked_of_ec2(standin: StandInRoom) -> None:
    spot(standin, max_price=Decimal("0.02"))
    (asked,) = (call["asked"] for call in standin.control.calls("RunInstances"))
    options = {"SpotInstanceType": "persistent", "InstanceInterruptionBehavior": "stop", "MaxPrice": "0.02"}
    assert asked["InstanceMarketOptions"] == {"MarketType": "spot", "SpotOptions": options}
    (request,) = standin.raw.describe_spot_instance_requests()["SpotInstanceRequests"]
    assert {tag["Key"] for tag in request["Tags"]} >= {"im:deployment", "im:launch", "im:owner"}, "to be ours to cancel"
    spot(standin, once=True)
    asked = standin.control.calls("RunInstances")[-1]["asked"]
    options = {"SpotInstanceType": "one-time", "InstanceInterruptionBehavior": "terminate"}
    assert asked["InstanceMarketOptions"]["SpotOptions"] == options


def test_a_price_below_the_markets_is_no_capacity_here(standin: StandInRoom) -> None:
    standin.wish(instance_type="t3.nano", spot=Spot(max_price=Decimal("0.0001")))
    with pytest.raises(NoCapacity, match=r"above --max-price in this zone now .*minimum required"):
        standin.launch()


def test_a_type_that_is_not_lent_there(standin: StandInRoom) -> None:
    standin.wish(instance_type="t3.nano", spot=Spot())
    standin.spec = replace(standin.spec, instance_type="t2.nano")
    with pytest.raises(InvalidSpec, match=r"t2\.nano is not lent as spot in us-east-1"):
        standin.launch()
    assert standin.control.calls("RunInstances") == []


def test_who_may_not_cancel_is_told_for_those_machines_alone(standin: StandInRoom) -> None:
    requests = spot(standin, 2)
    standin.control.refuse("CancelSpotInstanceRequests", "UnauthorizedOperation", times=10)
    failed = standin.provider.spot.release(standin.scope, with_requests(requests))
    assert {type(exc) for exc in failed.values()} == {Forbidden}
    assert set(failed) == set(requests)


def test_a_storm_leaves_them_all_for_later(standin: StandInRoom) -> None:
    requests = spot(standin, 2)
    standin.control.refuse("CancelSpotInstanceRequests", "RequestLimitExceeded")
    assert {type(exc) for exc in standin.provider.spot.release(standin.scope, with_requests(requests)).values()} == {
        Throttled
    }
    assert len(standin.control.calls("CancelSpotInstanceRequests")) <= 1


def test_the_request_of_an_adopted_machine_becomes_ours_to_cancel(standin: StandInRoom) -> None:
    (one,), (request,) = zip(*spot(standin).items(), strict=True)
    standin.raw.delete_tags(Resources=[one, request])
    standin.provider.adoption.take(standin.scope, Machine(one, {SPOT_REQUEST: request}), standin.slots()[0], "me")
    (shown,) = standin.raw.describe_spot_instance_requests()["SpotInstanceRequests"]
    assert "im:deployment" in {tag["Key"] for tag in shown["Tags"]}


def test_motos_spot_machines_have_no_requests_and_go_all_the_same(aws: Room) -> None:
    requests = spot(aws)
    assert set(requests.values()) == {""}
    assert aws.provider.spot.release(aws.scope, with_requests(requests)) == {}
    assert set(aws.provider.terminate(aws.scope, machines(list(requests))).done) == set(requests)
