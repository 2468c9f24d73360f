"""What reconcile did, told: the events of a row's history, and the lines of a task's answer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from im.db.instances.claims import Outcome
from im.domain.event import Channel, Event, EventKind, kind_of, sent_of
from im.domain.fall import Fall
from im.domain.input.listed import listed
from im.domain.instance import Instance
from im.domain.lifecycle import Step, next_step
from im.domain.state import Observed


def worth_telling(attempts: int) -> bool:
    """The first few attempts, then ever fewer: a stop that is refused for a week is not ten thousand lines."""
    return attempts & (attempts + 1) == 0


def sent(row: Instance, step: Step, now: datetime) -> Event:
    because = next_step(row.desired, row.observed).because
    nth = f", attempt {row.attempts + 1}" if row.attempts else ""
    return Event(row.id, now, sent_of(step), Channel.IM, f"{because}{nth}", row.generation)


def story(changed: Iterable[tuple[Instance, Instance, Outcome]], now: datetime) -> Iterable[Event]:
    for old, new, outcome in changed:
        if outcome.fall is not None:
            yield came_to_nothing(old, outcome.fall, now)
        elif outcome.seen is not None and (new.observed is not old.observed or new.closed_at != old.closed_at):
            reason = outcome.seen.reason or f"the cloud says {new.observed}"
            taken = outcome.seen.interrupted and new.observed in (Observed.STOPPED, Observed.TERMINATED)
            where = {"ip": new.public_ip} if new.public_ip and new.public_ip != old.public_ip else {}
            kind = EventKind.INTERRUPTED if taken else kind_of(new.observed)
            yield Event(new.id, now, kind, Channel.CLOUD, reason, new.generation, where)
        elif outcome.error_code and outcome.error_code != old.error_code:
            word = EventKind.FAILED if outcome.failed else EventKind.REFUSED
            yield Event(new.id, now, word, Channel.CLOUD, f"{outcome.error_code}: {outcome.error}", new.generation)


def came_to_nothing(row: Instance, fall: Fall, now: datetime) -> Event:
    """A step of ours that had been accepted has failed."""
    kind = EventKind.FAILED if fall.failed else EventKind.FELL_BACK
    nth = f", attempt {row.attempts}" if row.attempts > 1 else ""
    return Event(row.id, now, kind, Channel.CLOUD, f"{fall.code}: {fall.error}{nth}", row.generation)


def line(old: Instance, new: Instance, step: Step, now: datetime) -> str:
    if new.error_code:
        if new.failed:
            return f"{new.name}: {step} failed ({new.error_code})"
        wait = (new.next_attempt_at - now).total_seconds() if new.next_attempt_at else 0
        return f"{new.name}: {step} refused ({new.error_code}), retry in {wait:.0f} s"
    if new.observed is old.observed:
        return f"{new.name}: {'is' if new.settled else 'still'} {new.observed}"
    return f"{new.name}: {old.observed} → {new.observed}"


def sentence(lines: Sequence[str]) -> str:
    if not lines:
        return "nothing to do"
    return listed(lines, 5, between="; ", before="; and ")
