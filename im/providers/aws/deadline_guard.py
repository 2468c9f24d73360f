"""The guard at AWS: one EventBridge schedule for each machine, which calls StopInstances (or Terminate) at its moment, once.

docs/guard.md has the role that the schedule runs as, and the policy that setting it needs.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from im.domain.errors import Refused
from im.domain.scope import Scope
from im.domain.state import OnExpiry
from im.providers.aws import guard_role
from im.providers.aws.api.clients import Clients
from im.providers.aws.api.errors import cloud_code, translated
from im.providers.aws.api.machines import living
from im.providers.aws.api.sightings import FILTER_VALUES
from im.providers.aws.partition import check_arn, partition_of
from im.providers.contract import Check
from im.providers.errors import InvalidSpec, NotFound, ProviderError, Transient, Unavailable, WrongState
from im.providers.features import Guarded, Resource
from im.providers.machine import Machine

GROUP = "default"
KIND = "schedule"
_TARGET: Mapping[OnExpiry, str] = {OnExpiry.STOP: "stopInstances", OnExpiry.TERMINATE: "terminateInstances"}


def schedule_name(deployment: str, machine_id: str) -> str:
    """At most 64 characters; two deployments in one account never touch each other's."""
    return f"im-{deployment[:8]}-{machine_id}"


def request(
    deployment: str, machine_id: str, at: datetime, what: OnExpiry, role: str, region: str = "us-east-1"
) -> dict[str, Any]:
    """Arguments of CreateSchedule and of UpdateSchedule, which replaces everything."""
    return {
        "Name": schedule_name(deployment, machine_id),
        "GroupName": GROUP,
        "Description": f"im guard of deployment {deployment}: outlives im itself",
        "ScheduleExpression": f"at({at.astimezone(UTC):%Y-%m-%dT%H:%M:%S})",
        "ScheduleExpressionTimezone": "UTC",
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "ActionAfterCompletion": "DELETE",
        "State": "ENABLED",
        "Target": {
            "Arn": f"arn:{partition_of(region)}:scheduler:::aws-sdk:ec2:{_TARGET[what]}",
            "RoleArn": role,
            "Input": json.dumps({"InstanceIds": [machine_id]}),
            # a day of retries: a machine that cannot be stopped now is not forgotten
            "RetryPolicy": {"MaximumEventAgeInSeconds": 86_400, "MaximumRetryAttempts": 185},
        },
    }


def found(scheduler: Any, ec2: Any, deployment: str) -> list[Resource]:
    """Every schedule of ours; used while its machine is not gone. Raises ProviderError.

    One whose row is there is taken away by reconcile. What is found here outlived its row: a database that was restored or lost.
    """
    prefix = schedule_name(deployment, "")
    names: dict[str, str] = {}
    more: dict[str, str] = {}
    while True:
        with translated():
            answer = scheduler.list_schedules(GroupName=GROUP, NamePrefix=prefix, **more)
        names |= {one["Name"].removeprefix(prefix): one["Name"] for one in answer["Schedules"]}
        if not answer.get("NextToken"):
            break
        more = {"NextToken": answer["NextToken"]}
    there = _living(ec2, sorted(names))
    return [Resource(KIND, name, name, f"would end {one}", one in there) for one, name in names.items()]


def _living(ec2: Any, ids: Sequence[str]) -> set[str]:
    there: set[str] = set()
    for at in range(0, len(ids), FILTER_VALUES):
        there |= {one["InstanceId"] for one in living(ec2, {"instance-id": ids[at : at + FILTER_VALUES]})}
    return there


def put(scheduler: Any, deployment: str, machine_id: str, at: datetime, what: OnExpiry, role: str) -> None:
    """Set or move; idempotent, because the schedule's name is the machine's. Raises ProviderError."""
    if not role:
        raise InvalidSpec("a guard needs a role to run as: set IM_GUARD_ROLE on the workers, as docs/guard.md says")
    region: str = scheduler.meta.region_name
    try:
        check_arn(role, "IM_GUARD_ROLE", region, "")
    except Refused as exc:
        raise InvalidSpec(
            f"{exc.message}; a deployment has one guard role, so guard machines of one partition"
        ) from exc
    asked = request(deployment, machine_id, at, what, role, region)
    try:
        with translated(mutating=True):
            scheduler.create_schedule(**asked)
    except ProviderError as exc:
        if cloud_code(exc) != "ConflictException":
            raise
        with translated(mutating=True):
            scheduler.update_schedule(**asked)


def discard(scheduler: Any, ec2: Any, things: Sequence[Resource], deployment: str) -> dict[str, ProviderError]:
    """Take away those whose machine is still gone; returns what failed, by id."""
    failed: dict[str, ProviderError] = {}
    there = {one.id: one for one in found(scheduler, ec2, deployment)}
    for one in (there[thing.id] for thing in things if thing.id in there):
        try:
            if one.used:
                raise WrongState(f"the machine of {one.name} is there")
            _delete(scheduler, one.name)
        except ProviderError as exc:
            failed[one.id] = exc
    return failed


def remove(scheduler: Any, deployment: str, machine_id: str) -> None:
    """Take it away; one that is gone already is fine. Raises ProviderError."""
    _delete(scheduler, schedule_name(deployment, machine_id))


def _delete(scheduler: Any, name: str) -> None:
    try:
        with translated(mutating=True):
            scheduler.delete_schedule(Name=name, GroupName=GROUP)
    except NotFound:
        pass
    except ProviderError as exc:
        if cloud_code(exc) != "ResourceNotFoundException":
            raise


class SchedulerGuard:
    """EventBridge Scheduler as a guard, and as a place where guards are left lying."""

    def __init__(self, clients: Clients, deployment: str, role: str) -> None:
        self._clients, self._deployment, self._role = clients, deployment, role

    def checks(self, scope: Scope) -> list[Check]:
        """For `im doctor`; none where there is no role, and so no guard."""
        if not self._role:
            return []
        return guard_role.checks(self._clients.iam(scope.region), scope.region, self._deployment, self._role)

    def set(self, scope: Scope, guards: Mapping[Machine, Guarded]) -> Mapping[str, ProviderError]:
        """One call for each machine: the scheduler knows no batches. When it is ill, the rest is left for later."""
        failed: dict[str, ProviderError] = {}
        ill: ProviderError | None = None
        scheduler = self._clients.scheduler(scope.region)
        for machine, wish in guards.items():
            if ill is not None:
                failed[machine.id] = Unavailable(f"not tried yet: {ill.message}", retry_after=ill.retry_after)
                continue
            try:
                if wish.at is None:
                    remove(scheduler, self._deployment, machine.id)
                else:
                    put(scheduler, self._deployment, machine.id, wish.at, wish.what, self._role)
            except ProviderError as exc:
                failed[machine.id] = exc
                ill = exc if isinstance(exc, Transient) else None
        return failed

    def left(self, scope: Scope) -> list[Resource]:
        """Every schedule of ours; none is looked for without a role, because then there is no right to list them either."""
        if not self._role:
            return []
        return found(self._clients.scheduler(scope.region), self._clients.ec2(scope.region), self._deployment)

    def discard(self, scope: Scope, things: Sequence[Resource]) -> dict[str, ProviderError]:
        if not things:
            return {}
        ec2 = self._clients.ec2(scope.region)
        return discard(self._clients.scheduler(scope.region), ec2, things, self._deployment)
