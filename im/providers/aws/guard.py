"""The guard at AWS: one EventBridge schedule for each machine, which calls StopInstances (or Terminate) at its moment, once.

docs/guard.md has the role that the schedule runs as, and the policy that setting it needs.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from im.domain.instance import OnExpiry
from im.providers.aws.errors import cloud_code, translated
from im.providers.errors import InvalidSpec, NotFound, ProviderError

GROUP = "default"
_TARGET: Mapping[OnExpiry, str] = {
    OnExpiry.STOP: "arn:aws:scheduler:::aws-sdk:ec2:stopInstances",
    OnExpiry.TERMINATE: "arn:aws:scheduler:::aws-sdk:ec2:terminateInstances",
}


def schedule_name(deployment: str, machine_id: str) -> str:
    """At most 64 characters; two deployments in one account never touch each other's."""
    return f"im-{deployment[:8]}-{machine_id}"


def request(deployment: str, machine_id: str, at: datetime, what: OnExpiry, role: str) -> dict[str, Any]:
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
            "Arn": _TARGET[what],
            "RoleArn": role,
            "Input": json.dumps({"InstanceIds": [machine_id]}),
            # a day of retries: a machine that cannot be stopped now is not forgotten
            "RetryPolicy": {"MaximumEventAgeInSeconds": 86_400, "MaximumRetryAttempts": 185},
        },
    }


def put(scheduler: Any, deployment: str, machine_id: str, at: datetime, what: OnExpiry, role: str) -> None:
    """Set or move; idempotent, because the schedule's name is the machine's. Raises ProviderError."""
    if not role:
        raise InvalidSpec("a guard needs a role to run as: set IM_GUARD_ROLE on the workers, as docs/guard.md says")
    asked = request(deployment, machine_id, at, what, role)
    try:
        with translated(mutating=True):
            scheduler.create_schedule(**asked)
    except ProviderError as exc:
        if cloud_code(exc) != "ConflictException":
            raise
        with translated(mutating=True):
            scheduler.update_schedule(**asked)


def remove(scheduler: Any, deployment: str, machine_id: str) -> None:
    """Take it away; one that is gone already is fine. Raises ProviderError."""
    try:
        with translated(mutating=True):
            scheduler.delete_schedule(Name=schedule_name(deployment, machine_id), GroupName=GROUP)
    except NotFound:
        pass
    except ProviderError as exc:
        if cloud_code(exc) != "ResourceNotFoundException":
            raise
