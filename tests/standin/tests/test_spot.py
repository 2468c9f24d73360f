"""Spot: the request behind the machine, interruptions, who may start again, and the machine that comes back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.standin.client import Control
from tests.standin.tests.conftest import refused, shown, states

Run = Callable[..., list[str]]
ONE_TIME = {"InstanceMarketOptions": {"MarketType": "spot"}}
PERSISTENT = {
    "InstanceMarketOptions": {
        "MarketType": "spot",
        "SpotOptions": {"SpotInstanceType": "persistent", "InstanceInterruptionBehavior": "stop"},
    }
}


def request_of(ec2: Any, machine: str) -> tuple[str, str]:
    """(state, status) of the request whose machine this is."""
    mine = [{"Name": "instance-id", "Values": [machine]}]
    (found,) = ec2.describe_spot_instance_requests(Filters=mine)["SpotInstanceRequests"]
    return found["State"], found["Status"]["Code"]


def test_a_spot_machine_says_so_and_has_a_request(running: Run, ec2: Any) -> None:
    (one,) = running(**ONE_TIME)
    seen = shown(ec2)[one]
    (request,) = ec2.describe_spot_instance_requests()["SpotInstanceRequests"]
    assert (seen["InstanceLifecycle"], seen["SpotInstanceRequestId"]) == ("spot", request["SpotInstanceRequestId"])
    assert (request["State"], request["Status"]["Code"], request["Type"]) == ("active", "fulfilled", "one-time")


def test_a_price_too_low_and_options_that_exclude_each_other_are_refused(run: Run, ec2: Any, control: Control) -> None:
    low = {"MarketType": "spot", "SpotOptions": {"MaxPrice": "0.0001"}}
    assert refused(run, InstanceMarketOptions=low)[0] == "SpotMaxPriceTooLow"
    stops = {"MarketType": "spot", "SpotOptions": {"InstanceInterruptionBehavior": "stop"}}
    assert refused(run, InstanceMarketOptions=stops)[0] == "InvalidParameterCombination"
    assert refused(run, DisableApiTermination=True, **ONE_TIME)[0] == "InvalidParameterCombination"
    assert control.machines() == []
    control.spot_price("us-east-1a", "t3.micro", "0.00005")
    assert run(InstanceMarketOptions=low)
    (now,) = ec2.describe_spot_price_history(AvailabilityZone="us-east-1a", InstanceTypes=["t3.micro"])[
        "SpotPriceHistory"
    ]
    assert now["SpotPrice"] == "0.00005"


def test_a_one_time_machine_is_terminated_by_an_interruption(running: Run, ec2: Any, control: Control) -> None:
    (one,) = running(**ONE_TIME)
    control.interrupt(one, notice=120)
    assert request_of(ec2, one)[1] == "marked-for-termination"
    control.step(119)
    assert states(ec2, [one]) == ["running"]
    control.step(4)
    assert states(ec2, [one]) == ["terminated"]
    assert shown(ec2)[one]["StateReason"]["Code"] == "Server.SpotInstanceTermination"
    assert request_of(ec2, one) == ("closed", "instance-terminated-no-capacity")


def test_a_persistent_machine_is_stopped_and_only_aws_starts_it_again(running: Run, ec2: Any, control: Control) -> None:
    (one,) = running(**PERSISTENT)
    control.interrupt(one, notice=0)
    control.step(3)
    assert states(ec2, [one]) == ["stopped"]
    assert request_of(ec2, one) == ("disabled", "instance-stopped-no-capacity")
    assert refused(ec2.start_instances, InstanceIds=[one])[0] == "IncorrectSpotRequestState"
    control.resume_spot(one)
    control.step(3)
    assert states(ec2, [one]) == ["running"]
    assert request_of(ec2, one) == ("active", "fulfilled")


def test_people_stop_and_start_a_persistent_machine(running: Run, ec2: Any, control: Control) -> None:
    (one,) = running(**PERSISTENT)
    ec2.stop_instances(InstanceIds=[one])
    control.step(3)
    assert request_of(ec2, one) == ("disabled", "instance-stopped-by-user")
    ec2.start_instances(InstanceIds=[one])
    assert request_of(ec2, one) == ("active", "fulfilled")


def test_a_persistent_request_that_nobody_cancelled_launches_another_machine(
    running: Run, ec2: Any, control: Control
) -> None:
    (one,) = running(tags={"im:deployment": "d"}, **PERSISTENT)
    ec2.terminate_instances(InstanceIds=[one])
    control.step(3)
    alive = {name: seen for name, seen in shown(ec2).items() if seen["State"]["Name"] == "running"}
    assert set(alive).isdisjoint({one})
    assert len(alive) == 1
    assert "Tags" not in next(iter(alive.values()))


def test_a_cancelled_request_brings_nothing_back(running: Run, ec2: Any, control: Control) -> None:
    (one,) = running(**PERSISTENT)
    request = shown(ec2)[one]["SpotInstanceRequestId"]
    (told,) = ec2.cancel_spot_instance_requests(SpotInstanceRequestIds=[request])["CancelledSpotInstanceRequests"]
    assert told["State"] == "cancelled"
    assert states(ec2, [one]) == ["running"]
    ec2.terminate_instances(InstanceIds=[one])
    control.step(3)
    assert set(shown(ec2)) == {one}
    unknown = refused(ec2.cancel_spot_instance_requests, SpotInstanceRequestIds=["sir-00000000"])
    assert unknown[0] == "InvalidSpotInstanceRequestID.NotFound"


def test_prices_keep_their_history_by_zone_within_the_times_asked_for(ec2: Any, control: Control) -> None:
    def told(**asked: Any) -> list[tuple[str, str]]:
        found = ec2.describe_spot_price_history(
            InstanceTypes=["t3.micro"], ProductDescriptions=["Linux/UNIX"], AvailabilityZone="us-east-1b", **asked
        )
        return [(f"{one['Timestamp']:%H:%M}", one["SpotPrice"]) for one in found["SpotPriceHistory"]]

    start = datetime.fromtimestamp(control.now(), UTC)
    for usd in ("0.01", "0.02"):
        control.step(3600)
        control.spot_price("us-east-1a", "t3.micro", "0.09")
        control.spot_price("us-east-1b", "t3.micro", usd)
    first, second = (f"{start + timedelta(hours=hours):%H:%M}" for hours in (1, 2))
    assert told()[:2] == [(second, "0.02"), (first, "0.01")]
    assert len(told()) == 3
    later = start + timedelta(minutes=90)
    assert told(StartTime=later) == [(second, "0.02"), (first, "0.01")]
    assert told(StartTime=later, EndTime=later) == [(first, "0.01")]
    assert told(EndTime=later)[0] == (first, "0.01")
    assert told(StartTime=start + timedelta(hours=9)) == [(second, "0.02")]
