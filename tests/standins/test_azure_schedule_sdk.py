"""Azure's own client of ComputeSchedule drives our stand-in: a second opinion on the orders that guards are made of."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError
from azure.mgmt.computeschedule import ComputeScheduleMgmtClient
from azure.mgmt.computeschedule import models as m

from im.standins.azure import Azure
from im.standins.azure.shapes import VM
from im.standins.azure.subscription import Machine
from im.standins.service import serving
from tests.standins.test_azure_sdk import PLACE, Bearer, Credential


@pytest.fixture
def cloud() -> Azure:
    return Azure("secret", takes=timedelta(milliseconds=30))


@pytest.fixture
def orders(cloud: Azure) -> Iterator[Any]:
    with serving(cloud) as url:
        number = cloud.subscription("team").id
        made: Any = ComputeScheduleMgmtClient(Credential(), number, base_url=url, authentication_policy=Bearer())
        yield made.scheduled_actions


@pytest.fixture
def machine(cloud: Azure) -> str:
    """The path of one that runs."""
    there = cloud.subscription("team")
    there.groups["g"] = {"name": "g", "location": PLACE, "tags": {}}
    body = {"location": PLACE, "properties": {"hardwareProfile": {"vmSize": "Standard_B1s"}, "osProfile": {}}}
    path = there.path("g", VM, "web")
    there.machines[path.lower()] = Machine("web", "g", "1", body, there.now, "Succeeded", "running")
    return path


def request(machine: str, ahead: timedelta) -> m.SubmitDeallocateRequest:
    return m.SubmitDeallocateRequest(
        schedule=m.Schedule(deadline=datetime.now(UTC) + ahead, timezone="UTC", deadline_type="InitiateAt"),
        execution_parameters=m.ExecutionParameters(
            retry_policy=m.RetryPolicy(retry_count=7, retry_window_in_minutes=120)
        ),
        resources=m.Resources(ids=[machine]),
        correlationid="00000000-0000-0000-0000-00000000000c",
    )


def test_given_asked_after_and_taken_back(orders: Any, machine: str) -> None:
    (made,) = orders.virtual_machines_submit_deallocate(PLACE, request(machine, timedelta(hours=1))).results
    number = made.operation.operation_id
    assert (made.resource_id, made.operation.state, made.operation.op_type) == (machine, "Scheduled", "Deallocate")
    asked = m.GetOperationStatusRequest(operation_ids=[number], correlationid="c")
    (seen,) = orders.virtual_machines_get_operation_status(PLACE, asked).results
    assert seen.operation.deadline == made.operation.deadline
    gone = m.CancelOperationsRequest(operation_ids=[number], correlationid="c")
    (cancelled,) = orders.virtual_machines_cancel_operations(PLACE, gone).results
    assert cancelled.operation.state == "Cancelled"


def test_carried_out_at_its_moment(orders: Any, machine: str, cloud: Azure) -> None:
    (made,) = orders.virtual_machines_submit_deallocate(PLACE, request(machine, timedelta(seconds=2))).results
    cloud._clock = lambda: datetime.now(UTC) + timedelta(minutes=1)
    asked = m.GetOperationStatusRequest(operation_ids=[made.operation.operation_id], correlationid="c")
    (seen,) = orders.virtual_machines_get_operation_status(PLACE, asked).results
    assert seen.operation.state == "Succeeded"
    assert cloud.subscription("team").machines[machine.lower()].power == "deallocated"


def test_what_is_refused(orders: Any, machine: str, cloud: Azure) -> None:
    with pytest.raises(HttpResponseError, match="at most 14 days ahead"):
        orders.virtual_machines_submit_deallocate(PLACE, request(machine, timedelta(days=15)))
    cloud.subscription("team").conflict_within = timedelta(hours=1)
    for expected in (None, "OperationConflict"):
        (result,) = orders.virtual_machines_submit_deallocate(PLACE, request(machine, timedelta(hours=2))).results
        assert result.error_code == expected
    cloud.subscription("team").unregistered.add("microsoft.computeschedule")
    with pytest.raises(HttpResponseError, match="not registered") as caught:
        orders.virtual_machines_submit_deallocate(PLACE, request(machine, timedelta(hours=2)))
    assert caught.value.error is not None
    assert caught.value.error.code == "MissingSubscriptionRegistration"
