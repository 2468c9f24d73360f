"""What Nebius' refusals mean: gRPC's code, and which kind of detail comes with it.

RESOURCE_EXHAUSTED is three things: no room, a quota, and calls that came too often; the detail alone tells which.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from im.providers import errors as e
from im.providers.errors import ProviderError
from im.providers.kit.text import scrubbed
from im.providers.nebius.sdk import part, rpc_status

CLOUD = "Nebius"
_DETAILS: Mapping[str, type[ProviderError]] = {
    "not_enough_resources": e.NoCapacity,
    "quota_failure": e.QuotaExceeded,
    "too_many_requests": e.Throttled,
    "bad_resource_state": e.WrongState,
    "operation_aborted": e.WrongState,
    "operation_conflict": e.WrongState,
    "resource_conflict": e.WrongState,
    "resource_already_exists": e.InvalidSpec,
    "resource_not_found": e.NotFound,
    "bad_request": e.InvalidSpec,
    "out_of_range": e.InvalidSpec,
    "permission_denied": e.Forbidden,
}
_CODES: Mapping[str, type[ProviderError]] = {
    "RESOURCE_EXHAUSTED": e.Throttled,
    "FAILED_PRECONDITION": e.WrongState,
    "ABORTED": e.WrongState,
    "ALREADY_EXISTS": e.InvalidSpec,
    "NOT_FOUND": e.NotFound,
    "INVALID_ARGUMENT": e.InvalidSpec,
    "OUT_OF_RANGE": e.InvalidSpec,
    "PERMISSION_DENIED": e.Forbidden,
    "UNAUTHENTICATED": e.Unauthenticated,
    "UNIMPLEMENTED": e.Unsupported,
}
_ILL = ("DEADLINE_EXCEEDED", "CANCELLED", "UNKNOWN", "INTERNAL", "DATA_LOSS", "UNAVAILABLE")
_NOT_SENT = ("failed to connect", "dns resolution failed")
"""How gRPC's own words begin where no connection came about."""


class NameTaken(e.InvalidSpec):
    """Something in the project has this name already."""


def refused(exc: Any, *, mutating: bool) -> ProviderError:
    """`exc`: gRPC's RpcError, which is a call with a code, words and trailing metadata."""
    trailing = dict(exc.trailing_metadata() or ())
    status = trailing.get("grpc-status-details-bin")
    return meaning(exc.code().name, exc.details() or "", status, mutating=mutating)


def meaning(code: str, message: str, status: bytes | None = None, *, mutating: bool = False) -> ProviderError:
    """`status`: google.rpc.Status, as it stands in the trailing metadata and in an operation that failed."""
    detail, more = _detail(status)
    told = f"{CLOUD}: {scrubbed(' '.join(filter(None, (message, more))) or code)}"
    if code == "ALREADY_EXISTS" or detail == "resource_already_exists":
        return NameTaken(told)
    if code in _ILL:
        if code == "UNAVAILABLE" and message.lower().startswith(_NOT_SENT):
            return e.Unavailable(f"{CLOUD} cannot be reached: {scrubbed(message)}")
        return e.Ambiguous(told) if mutating else e.Unavailable(told)
    return (_DETAILS.get(detail) or _CODES.get(code) or e.Unknown)(told)


def _detail(status: bytes | None) -> tuple[str, str]:
    """Which kind of detail there is, and what it says beside the message."""
    if not status:
        return "", ""
    try:
        for packed in rpc_status().FromString(status).details:
            if packed.type_url.endswith("nebius.common.v1.ServiceError"):
                told = part("common.v1").ServiceError.FromString(packed.value)
                if told.details is not None:
                    return str(told.details.field), _violations(told)
    except Exception:  # whatever the SDK says of a detail that cannot be read: it tells nothing beside the code
        return "", ""
    return "", ""


def _violations(told: Any) -> str:
    if told.bad_request is not None:
        return "; ".join(f"{one.field}: {one.message}" for one in told.bad_request.violations)
    if told.quota_failure is not None:
        return "; ".join(f"{one.quota} is limited to {one.limit}" for one in told.quota_failure.violations)
    return ""
