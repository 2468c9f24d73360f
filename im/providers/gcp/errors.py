"""Google's codes and what they mean: in an answer, and in an operation that was accepted and failed later.

The status is not enough: 403 is a rate, a quota, a permission, and an API that is not turned on. Order of decision: the reason in
`details`, the reason in `errors`, the words, the status (https://cloud.google.com/compute/docs/troubleshooting).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from im.providers import errors as e
from im.providers.errors import ProviderError
from im.providers.kit.http import Answer, said
from im.providers.kit.text import scrubbed

CLOUD = "Google Cloud"

REASONS: Mapping[str, type[ProviderError]] = {
    "RATE_LIMIT_EXCEEDED": e.Throttled,
    "CONCURRENT_OPERATIONS_QUOTA_EXCEEDED": e.Throttled,
    "rateLimitExceeded": e.Throttled,
    "userRateLimitExceeded": e.Throttled,
    "quotaExceeded": e.QuotaExceeded,
    "QUOTA_EXCEEDED": e.QuotaExceeded,
    "SERVICE_DISABLED": e.Forbidden,
    "accessNotConfigured": e.Forbidden,
    "IAM_PERMISSION_DENIED": e.Forbidden,
    "forbidden": e.Forbidden,
    "BILLING_DISABLED": e.Forbidden,
    "ACCOUNT_STATE_INVALID": e.Forbidden,
    "authError": e.Unauthenticated,
    "ACCESS_TOKEN_EXPIRED": e.Unauthenticated,
    "resourceNotReady": e.WrongState,
    "resourceInUseByAnotherResource": e.WrongState,
    "resourceInUse": e.WrongState,
    "operationInProgress": e.WrongState,
    "alreadyExists": e.InvalidSpec,
    "backendError": e.Unavailable,
    "stockout": e.NoCapacity,
    "STOCKOUT": e.NoCapacity,
    "insufficientCapacity": e.NoCapacity,
}
LATER: Mapping[str, type[ProviderError]] = {
    "ZONE_RESOURCE_POOL_EXHAUSTED": e.NoCapacity,
    "ZONE_RESOURCE_POOL_EXHAUSTED_WITH_DETAILS": e.NoCapacity,
    "STOCKOUT": e.NoCapacity,
    "IP_SPACE_EXHAUSTED": e.NoCapacity,
    "IP_SPACE_EXHAUSTED_WITH_DETAILS": e.NoCapacity,
    "VM_MIN_COUNT_NOT_REACHED": e.NoCapacity,
    # in an insert it was seen where there was no room in truth (skypilot-org/skypilot#1797)
    "RESOURCE_NOT_FOUND": e.NoCapacity,
    "UNSUPPORTED_OPERATION": e.NotOffered,
    "QUOTA_EXCEEDED": e.QuotaExceeded,
    "RESOURCE_OPERATION_RATE_EXCEEDED": e.Throttled,
    "PERMISSIONS_ERROR": e.Forbidden,
    "INVALID_USAGE": e.InvalidSpec,
    "INVALID_FIELD_VALUE": e.InvalidSpec,
    "RESOURCE_IN_USE_BY_ANOTHER_RESOURCE": e.WrongState,
    "RESOURCE_NOT_READY": e.WrongState,
}
"""Codes of operations that had been accepted."""
_PART = re.compile(r"projects/[^/']+/(?:zones/[^/']+|regions/[^/']+|global)/(\w+)/")
_MINUTE = timedelta(seconds=60)


def reasons_of(answer: Answer) -> list[str]:
    """The cloud's words for it, the finest first."""
    error = answer.body.get("error") if isinstance(answer.body, dict) else None
    if not isinstance(error, dict):
        return []
    told = [one.get("reason") for one in error.get("details") or [] if isinstance(one, dict)]
    told += [one.get("reason") for one in error.get("errors") or [] if isinstance(one, dict)]
    return [str(one) for one in told if one]


def translate(answer: Answer, mutating: bool) -> ProviderError | None:
    """One table; None where the status decides."""
    reasons, words = reasons_of(answer), said(answer)
    message = f"{CLOUD}: {words}"
    if answer.status >= 500 and mutating:
        return e.Ambiguous(message)
    if answer.status == 404:
        # the project or the zone itself not being there proves nothing about what would be in it
        return e.NotFound(message) if _PART.search(words) else e.InvalidSpec(message)
    if "is not found or access is unauthorized" in words:
        return e.NotOffered(message)
    if answer.status == 412:
        return e.Forbidden(message) if "constraint" in words.lower() else e.WrongState(message)
    if answer.status == 400 and "deletion protection" in words.lower():
        return e.Forbidden(f"{CLOUD}: it is protected against deletion there; lift that first")
    if "does not exist in zone" in words:
        return e.NotOffered(message)
    for reason in reasons:
        if (found := REASONS.get(reason)) is not None:
            if found is e.Throttled:
                return e.Throttled(message, retry_after=_next_window(answer, reasons))
            if reason in ("SERVICE_DISABLED", "accessNotConfigured"):
                message = f"{message}; turn it on with  gcloud services enable {_service(answer)}"
            return found(message)
    return None


def _service(answer: Answer) -> str:
    """Which of Google's APIs is turned off."""
    for one in answer.body["error"].get("details") or []:
        if isinstance(one, dict) and (named := (one.get("metadata") or {}).get("service")):
            return str(named)[:80]
    return "compute.googleapis.com"


def _next_window(answer: Answer, reasons: list[str]) -> timedelta:
    """Rates are counted in windows of a minute, refilled at the full one (cloud.google.com/compute/api-quota)."""
    if "CONCURRENT_OPERATIONS_QUOTA_EXCEEDED" in reasons:
        return timedelta(seconds=8)
    return _MINUTE - timedelta(seconds=answer.date.second) if answer.date else _MINUTE


def refused_at_launch(exc: e.NotFound) -> ProviderError:
    """What was not found as a machine was asked for is something that it is made of."""
    part = _PART.search(exc.message)
    match part[1] if part else "":
        case "machineTypes" | "acceleratorTypes":
            return e.NotOffered(exc.message)
        case "networks" | "firewalls" | "subnetworks":
            return e.NotThereYet(exc.message)
        case _:
            return e.InvalidSpec(exc.message)


def operation_error(operation: Mapping[str, Any], *, spot: bool = False) -> ProviderError | None:
    """Why an operation came to nothing; None for one that did not, or is still under way."""
    told = operation.get("error")
    if operation.get("status") != "DONE" or not isinstance(told, dict):
        return None
    first = next(iter(told.get("errors") or [{}]))
    code = str(first.get("code", ""))
    message = f"{CLOUD}: {scrubbed(_for_people(first) or code or 'it came to nothing')}{_elsewhere(first)}"
    kind = LATER.get(code)
    if kind is e.NotOffered and spot:  # also said of a spot machine that was taken back while it was made
        kind = e.NoCapacity
    if kind is None:
        status = operation.get("httpErrorStatusCode")
        kind = e.InvalidSpec if status == 400 else e.Forbidden if status == 403 else e.NotStarted
    return kind(message)


def _for_people(error: Mapping[str, Any]) -> str:
    for detail in error.get("errorDetails") or []:
        if isinstance(detail, dict) and (words := (detail.get("localizedMessage") or {}).get("message")):
            return str(words)
    return str(error.get("message") or "")


def _elsewhere(error: Mapping[str, Any]) -> str:
    for detail in error.get("errorDetails") or []:
        zones = ((detail.get("errorInfo") or {}).get("metadatas") or {}).get("zonesAvailable")
        if zones:
            return f" (it has room in {str(zones).replace(',', ', ')[:200]})"
    return ""
