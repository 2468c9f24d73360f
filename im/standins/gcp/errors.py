"""Google's ways to say no: a status, a reason in `errors`, and a finer one in `details`."""

from __future__ import annotations

from typing import Any

from im.standins.service import Refusal

_WORDS = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "ALREADY_EXISTS",
    412: "FAILED_PRECONDITION",
    503: "UNAVAILABLE",
}


def body(status: int, reason: str, message: str, detail: str = "", domain: str = "global") -> dict[str, Any]:
    error: dict[str, Any] = {
        "code": status,
        "message": message,
        "errors": [{"message": message, "domain": domain, "reason": reason}],
        "status": _WORDS.get(status, "UNKNOWN"),
    }
    if detail:
        info = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": detail, "domain": "googleapis.com"}
        error["details"] = [info]
    return {"error": error}


def no(status: int, reason: str, message: str, detail: str = "", domain: str = "global") -> Refusal:
    return Refusal(status, body(status, reason, message, detail, domain))


def plain(status: int, message: str) -> Refusal:
    """As the newer APIs say no: without a list of errors."""
    return Refusal(status, {"error": {"code": status, "message": message, "status": _WORDS.get(status, "UNKNOWN")}})


def disabled(title: str, service: str, project: str) -> Refusal:
    """An API that is not turned on."""
    message = f"{title} has not been used in project {project} before or it is disabled."
    found = plain(403, message)
    info = {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": "SERVICE_DISABLED",
        "domain": "googleapis.com",
    }
    found.body["error"]["details"] = [{**info, "metadata": {"service": service}}]
    return found


def not_found(path: str) -> Refusal:
    return no(404, "notFound", f"The resource '{path}' was not found")


def invalid(field: str, message: str) -> Refusal:
    return no(400, "invalid", f"Invalid value for field '{field}': {message}")


def taken(path: str) -> Refusal:
    return no(409, "alreadyExists", f"The resource '{path}' already exists")


def not_ready(path: str) -> Refusal:
    return no(400, "resourceNotReady", f"The resource '{path}' is not ready")


def lacking(permission: str, path: str) -> Refusal:
    return no(403, "forbidden", f"Required '{permission}' permission for '{path}'", "IAM_PERMISSION_DENIED")


def exhausted(kind: str, zone: str, others: list[str]) -> dict[str, Any]:
    """What an operation ends with when a zone has no room, as it was seen in 2026."""
    words = f"A {kind} VM instance is currently unavailable in the {zone} zone."
    info = {
        "domain": "compute.googleapis.com",
        "reason": "resource_availability",
        "metadatas": {"vmType": kind, "zone": zone, "zonesAvailable": ",".join(others), "attachment": ""},
    }
    return {
        "code": "ZONE_RESOURCE_POOL_EXHAUSTED_WITH_DETAILS",
        "message": f"The zone 'projects/p/zones/{zone}' does not have enough resources available to fulfill the request.",
        "errorDetails": [
            {"errorInfo": info},
            {"localizedMessage": {"locale": "en-US", "message": words}},
        ],
    }
