"""What operations tell: Crusoe accepts a launch or a start, names the machine, and says later that there is no room for it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from im.domain.cause import NOT_STARTED, Cause, Hand
from im.providers import errors as e
from im.providers.crusoe.api import CLOUD, VMS, CrusoeApi, meaning
from im.providers.errors import NotFound, ProviderError
from im.providers.kit.text import scrubbed

OPERATION = "operation"
"""The note that says which operation makes a machine."""
FAILED, UNDER_WAY = "FAILED", "IN_PROGRESS"
_LATELY = timedelta(minutes=30)


def error_of(operation: Mapping[str, Any]) -> ProviderError | None:
    """Why it came to nothing; None where it did not."""
    if operation.get("state") != FAILED:
        return None
    result = operation.get("result")
    told = result if isinstance(result, dict) else {}
    code, text = str(told.get("code") or ""), str(told.get("message") or "the operation failed without a word")
    kind = meaning(code, text) or (e.InvalidSpec if code == "bad_request" else e.Unknown)
    return kind(f"{CLOUD}: {scrubbed(f'{code}: {text}' if code else text)}")


def cause_of(operation: Mapping[str, Any]) -> Cause | None:
    failed = error_of(operation)
    if failed is None:
        return None
    code = NOT_STARTED if isinstance(failed, e.Unknown) else failed.code
    return Cause(Hand.CLOUD, code, failed.message)


def machine_of(operation: Mapping[str, Any]) -> str:
    """The machine that it is about; empty where it does not say."""
    told = operation.get("metadata")
    return str(told.get("id") or "") if isinstance(told, dict) else ""


def shown(api: CrusoeApi, number: str) -> dict[str, Any] | None:
    """None where it is forgotten."""
    try:
        return dict(api.ours(f"{VMS}/operations/{number}").body)
    except NotFound:
        return None


def maker_of(api: CrusoeApi, machine: str) -> str:
    """The number of the first operation on it that Crusoe still tells; empty where it tells none."""
    found = api.ours(f"{VMS}/operations", {"resource_id": machine}).body.get("items") or []
    first: Mapping[str, Any] = min(found, key=lambda one: str(one.get("started_at") or ""), default={})
    return str(first.get("operation_id") or "")


def is_late(vm: Mapping[str, Any], now: datetime) -> bool:
    """Has it changed so lately that an operation may still tell why? Also where Crusoe does not date it."""
    try:
        return now - datetime.fromisoformat(str(vm["updated_at"])) < _LATELY
    except (KeyError, TypeError, ValueError):
        return True


def failed_lately(api: CrusoeApi, now: datetime) -> dict[str, Cause]:
    """Machine → why an operation on it came to nothing of late, as far as Crusoe still tells: those that somebody has asked for
    already may not be among them."""
    since = (now - _LATELY).strftime("%Y-%m-%dT%H:%M:%SZ")
    found: dict[str, Cause] = {}
    for one in api.ours(f"{VMS}/operations", {"state": FAILED, "lower_time_bound": since}).body.get("items") or []:
        if (cause := cause_of(one)) is not None and (machine := machine_of(one)):
            found[machine] = cause
    return found
