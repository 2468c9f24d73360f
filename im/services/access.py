"""The one place that tells whether somebody may do what they ask for: every service that changes something asks here first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from im.domain.access import Actor, Deny, Verb, may
from im.domain.errors import Denied, OverLimit
from im.logs import log


@contextmanager
def counting(limit: str) -> Iterator[None]:
    """Around what may be over a limit of that kind."""
    try:
        yield
    except OverLimit:
        from im.counted import QUOTA_REFUSED  # seldom is anybody refused

        QUOTA_REFUSED.add(limit)
        raise


@dataclass(frozen=True, slots=True)
class Permit:
    """What `ask` answers: `actor` may do `verb`, to something at least."""

    actor: Actor
    verb: Verb

    def on(self, owners: Iterable[str | None]) -> None:
        """Raises Denied unless it may be done to the things of all of `owners`, read under the lock that the change holds."""
        for owner in dict.fromkeys(owners):
            _check(self.actor, self.verb, owner)


def ask(actor: Actor, verb: Verb) -> Permit:
    """Before anything is read, locked or written. Raises Denied for who may not do it at all."""
    _check(actor, verb, actor.name if verb.owned or verb.personal else None)
    return Permit(actor, verb)


def _check(actor: Actor, verb: Verb, owner: str | None) -> None:
    verdict = may(actor, verb, owner)
    if isinstance(verdict, Deny):
        from im.counted import DENIED

        DENIED.add(verb.name.lower())
        log.warning("denied", by=actor.name, verb=verb.name, channel=actor.channel.value, request=actor.request_id)
        raise Denied(verdict.reason, "ask its owner, or an admin of this deployment")
