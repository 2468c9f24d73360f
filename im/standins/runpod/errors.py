"""RunPod's way to say no: a problem+json with a sentence; want of room is a 400 like a broken rule."""

from __future__ import annotations

from http import HTTPStatus

from im.standins.service import Refusal


def no(status: int, detail: str, errors: list[str] | None = None, headers: dict[str, str] | None = None) -> Refusal:
    body = {"title": HTTPStatus(status).phrase, "status": status, "detail": detail}
    kind = {"Content-Type": "application/problem+json"}
    return Refusal(status, {**body, **({"errors": errors} if errors else {})}, {**kind, **(headers or {})})


def broken(rule: str) -> Refusal:
    return no(400, rule)


def not_found(what: str) -> Refusal:
    return no(404, f"{what} not found")


def invalid(*errors: str) -> Refusal:
    return no(422, "Request validation failed.", list(errors))


def full() -> Refusal:
    return no(
        400, "There are no longer any instances available with the requested specifications. Please try again later."
    )


def lent_away() -> Refusal:
    return no(400, "There are not enough free GPUs on the host machine to start this pod.")
