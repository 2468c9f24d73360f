"""What stops a machine beside the API's callers: its guest, AWS at its hardware, and a start that comes to nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.standin.client import Control
from tests.standin.tests.conftest import shown, states

Run = Callable[..., list[str]]


def code_of(ec2: Any, machine: str) -> str:
    """The StateReason's code."""
    return str(shown(ec2)[machine]["StateReason"]["Code"])


@pytest.mark.parametrize(("behaviour", "state"), [("stop", "stopped"), ("terminate", "terminated")])
def test_a_guest_that_shuts_down_does_what_its_machine_was_made_for(
    running: Run, ec2: Any, control: Control, behaviour: str, state: str
) -> None:
    (one,) = running(InstanceInitiatedShutdownBehavior=behaviour)
    control.outside("shutdown", one)
    control.step(3)
    assert states(ec2, [one]) == [state]
    assert code_of(ec2, one) == "Client.InstanceInitiatedShutdown"


def test_what_is_retired_is_stopped_by_aws_and_can_be_started_again(running: Run, ec2: Any, control: Control) -> None:
    (one,) = running()
    control.outside("retire", one)
    control.step(3)
    assert states(ec2, [one]) == ["stopped"]
    assert code_of(ec2, one) == "Server.ScheduledStop"
    assert shown(ec2)[one]["StateTransitionReason"].startswith("Server initiated")
    ec2.start_instances(InstanceIds=[one])
    control.step(3)
    assert states(ec2, [one]) == ["running"]


def test_a_start_that_falls_back_is_accepted_and_ends_stopped_as_often_as_told(
    running: Run, ec2: Any, control: Control
) -> None:
    (one,) = running()
    ec2.stop_instances(InstanceIds=[one])
    control.step(3)
    control.fall_back(one, code="Server.InsufficientInstanceCapacity", times=2)
    for _ in range(2):
        (begun,) = ec2.start_instances(InstanceIds=[one])["StartingInstances"]
        assert begun["CurrentState"]["Name"] == "pending"
        control.step(3)
        assert states(ec2, [one]) == ["stopped"]
        assert code_of(ec2, one) == "Server.InsufficientInstanceCapacity"
    ec2.start_instances(InstanceIds=[one])
    control.step(3)
    assert states(ec2, [one]) == ["running"]
