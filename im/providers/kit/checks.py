"""What `im doctor` asks of a cloud, one thing at a time: a failure of one is told, and the others are still asked."""

from __future__ import annotations

from collections.abc import Callable

from im.providers.contract import Check
from im.providers.errors import Forbidden, NotInstalled, ProviderError, Unauthenticated, Unavailable


def check(name: str, ask: Callable[[], str], *, credentials: str, allow: str) -> Check:
    """`credentials` and `allow`: what to do when the cloud does not know us, or does not let us."""
    try:
        return Check(name, ok=True, detail=ask())
    except ProviderError as exc:
        if isinstance(exc, NotInstalled):
            hint = exc.install
        elif isinstance(exc, Unauthenticated):
            hint = credentials
        elif isinstance(exc, Unavailable):
            hint = "check the network to the cloud's endpoint, and try again"
        elif isinstance(exc, Forbidden):
            hint = allow
        else:
            hint = "the message says what the cloud minds"
        return Check(name, ok=False, detail=exc.message, fix=hint)
