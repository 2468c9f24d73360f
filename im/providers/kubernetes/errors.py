"""An API server's words and what they mean. Its `reason` is one word for many things: the message decides.

Messages as a server of 1.36.2 wrote them; those that could be compared read the same in 1.20.
"""

from __future__ import annotations

from im.providers import errors as e
from im.providers.errors import ProviderError
from im.providers.kit.http import Answer, said

CLOUD = "Kubernetes"


class AlreadyThere(e.WrongState):
    """The name is taken: by what an earlier call of the same launch has made, or by what is on its way out."""


_FORBIDDEN: tuple[tuple[str, type[ProviderError]], ...] = (
    ('user "system:anonymous"', e.Unauthenticated),
    ("exceeded quota:", e.QuotaExceeded),
    ("failed quota:", e.InvalidSpec),
    ("violates podsecurity", e.InvalidSpec),
    ("usage per container", e.InvalidSpec),
    ("usage per pod", e.InvalidSpec),
    ("no priorityclass with name", e.InvalidSpec),
    ("runtimeclass", e.InvalidSpec),
    ("denied the request", e.InvalidSpec),
    ("because it is being terminated", e.WrongState),
    ("error looking up service account", e.NotThereYet),
)
"""Part of what a 403 says, in lower case."""


def translate(answer: Answer, mutating: bool) -> ProviderError | None:
    """One table; None for what is not in it: then the status decides."""
    message, lower = f"{CLOUD}: {said(answer)}", said(answer).lower()
    if answer.status == 403:
        return next((kind for part, kind in _FORBIDDEN if part in lower), e.Forbidden)(message)
    if answer.status == 404 and 'namespaces "' in lower:
        # of what would be in it, this proves nothing
        return e.InvalidSpec(f"{message}: the namespace is this account's region, and has to be there before")
    if answer.status == 409:
        return AlreadyThere(message) if _reason(answer) == "AlreadyExists" else e.WrongState(message)
    if answer.status == 410:
        return e.Unavailable(f"{message}; it is looked again from the start")
    if answer.status in (413, 415, 422):
        return e.InvalidSpec(message)
    if answer.status == 400:
        return e.Unknown(message)
    if answer.status >= 500 and "failed calling webhook" in lower:
        return e.Unavailable(message)  # asked before anything is kept
    if answer.status >= 500:
        return e.Ambiguous(message) if mutating else e.Unavailable(message)
    return None


def _reason(answer: Answer) -> str:
    return str(answer.body.get("reason", "")) if isinstance(answer.body, dict) else ""
