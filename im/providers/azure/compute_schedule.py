"""ComputeSchedule, as far as a guard needs it: an order to deallocate machines at a moment, and to take such an order back.

https://learn.microsoft.com/rest/api/computeschedule. An order is told a moment at most 14 days ahead; it can be neither changed nor
listed, so its number is all that there is of it. Nothing there deletes a machine at a moment.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from im.providers import errors as e
from im.providers.azure.arm import Arm
from im.providers.azure.errors import CLOUD, code_in, meaning
from im.providers.errors import ProviderError
from im.providers.kit.text import scrubbed

NAMESPACE = "Microsoft.ComputeSchedule"
REGISTER = f"az provider register -n {NAMESPACE}"
_VERSION = "2025-05-01"
_RETRIES = {"retryCount": 7, "retryWindowInMinutes": 120}
"""The most that it takes: for so long a machine that cannot be deallocated at the moment is tried again."""
_OVER = frozenset({"OperationNotFound", "NotFound", "OperationAlreadyCompleted", "InvalidOperationState"})
_ENDED = frozenset({"Succeeded", "Failed", "Cancelled"})


class OneStands(e.WrongState):
    """Azure has an order for this machine already, for a moment too near to this one."""


class ComputeSchedule:
    """Orders in one subscription. Every method raises ProviderError."""

    def __init__(self, arm: Arm) -> None:
        self._arm = arm

    def submit(self, location: str, path: str, at: datetime) -> str:
        """Order that the machine at `path` be deallocated at `at`; the order's number. Raises OneStands."""
        asked = {
            "schedule": {
                "deadline": f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
                "timezone": "UTC",
                "deadlineType": "InitiateAt",
            },
            "executionParameters": {"retryPolicy": _RETRIES},
            "resources": {"ids": [self._arm.full(path)]},
        }
        (result,) = self._asked(location, "SubmitDeallocate", asked) or ({},)
        number = (result.get("operation") or {}).get("operationId")
        if code := str(result.get("errorCode") or ""):
            raise _refused(code, str(result.get("errorDetails") or ""))
        if not number:
            raise e.Ambiguous(f"{CLOUD} took an order and told no number of it")
        return str(number)

    def cancel(self, location: str, numbers: Sequence[str]) -> None:
        """Take these back; what is over or was taken back already is done."""
        if not numbers:
            return
        for result in self._asked(location, "CancelOperations", {"operationIds": list(numbers)}):
            state = (result.get("operation") or {}).get("state")
            code = str(result.get("errorCode") or "")
            if code and code not in _OVER and state not in _ENDED:
                raise _refused(code, str(result.get("errorDetails") or ""))

    def answers(self, location: str) -> None:
        """Ask after an order that nobody gave: is the API there, and may we ask it?"""
        self._asked(location, "GetOperationStatus", {"operationIds": [str(uuid.UUID(int=0))]})

    def _asked(self, location: str, verb: str, body: Mapping[str, Any]) -> list[dict[str, Any]]:
        path = f"/providers/{NAMESPACE}/locations/{location}/virtualMachines{verb}"
        try:
            answer = self._arm.send("POST", path, _VERSION, {**body, "correlationid": str(uuid.uuid4())})
        except e.Forbidden as exc:
            if code_in(exc) != "MissingSubscriptionRegistration":
                raise
            raise e.Forbidden(f"{CLOUD}: {NAMESPACE} is not registered in this subscription: {REGISTER}") from exc
        found = answer.body.get("results") if isinstance(answer.body, dict) else None
        return list(found or [])


def _refused(code: str, details: str) -> ProviderError:
    if code == "OperationConflict":
        return OneStands(f"{CLOUD}: {code}: {scrubbed(details)}")
    known = meaning({"code": code, "message": details})
    return known or e.Unknown(f"{CLOUD}: {code}: {scrubbed(details)}")
