"""DigitalOcean's way to say no: a status and a word that says no more than it, and a sentence that says why."""

from __future__ import annotations

from im.standins.service import Refusal

_WORDS = {
    400: "bad_request",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    409: "conflict",
    422: "unprocessable_entity",
    429: "too_many_requests",
}


def no(status: int, message: str, headers: dict[str, str] | None = None) -> Refusal:
    word = _WORDS.get(status, "server_error")
    return Refusal(status, {"id": word, "message": message, "request_id": "stand-in"}, headers)


def not_found() -> Refusal:
    return no(404, "The resource you were accessing could not be found.")


def unprocessable(message: str) -> Refusal:
    return no(422, message)


def pending() -> Refusal:
    return no(422, "Droplet already has a pending event.")
