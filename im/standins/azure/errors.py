"""Azure's way to say no: a code that decides, inside a status that does not."""

from __future__ import annotations

from typing import Any

from im.standins.service import Refusal


def no(status: int, code: str, message: str, retry_after: int | None = None, **more: Any) -> Refusal:
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    return Refusal(status, {"error": {"code": code, "message": message, **more}}, headers)


def not_found(what: str, name: str, group: str) -> Refusal:
    told = f"The Resource '{what}/{name}' under resource group '{group}' was not found."
    return no(404, "ResourceNotFound", told)


def no_group(group: str) -> Refusal:
    return no(404, "ResourceGroupNotFound", f"Resource group '{group}' could not be found.")


def invalid(target: str, message: str) -> Refusal:
    return no(400, "InvalidParameter", message, target=target)


def busy(name: str) -> Refusal:
    told = f"The request failed due to conflict with a concurrent request to the virtual machine '{name}'."
    return no(409, "Conflict", told)


def too_often(what: str, seconds: int) -> Refusal:
    return no(429, "TooManyRequests", f"The request is being throttled: {what}.", retry_after=seconds)
