"""give: an instance gets another owner, and with it other rights, another budget and other quotas."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from im.db import events
from im.db.instances import requests
from im.domain.access import Actor, Verb
from im.domain.errors import NoSuchInstance, Refused
from im.domain.event import EventKind
from im.domain.input.text import OWNER, check_text
from im.services import access
from im.services.people import users
from im.services.requests import limits
from im.services.requests.result import Answer, Change

if TYPE_CHECKING:
    from im.context import Context


def give(ctx: Context, ids: Sequence[str], to: str, *, actor: Actor) -> Answer:
    """Hand instances over, all or none. Raises Denied, NoSuchUser, OverLimit for what the new owner may not have.

    A label at the cloud that names the owner keeps the first one: what counts is the row.
    """
    permit = access.ask(actor, Verb.GIVE)
    check_text(to, "the new owner", OWNER, "name a user or a team: im user  shows them")
    wanted = list(dict.fromkeys(ids))
    with ctx.storing() as connection:
        users.check_owner_in(connection, to)
        before = requests.lock(connection, wanted)
        if len(before) < len(wanted):
            missing = sorted(set(wanted) - {row.id for row in before})
            raise NoSuchInstance(f"there is no instance {missing[0]}", "im list  shows what there is")
        permit.on(row.owner for row in before)
        if gone := [row.name for row in before if row.closed_at is not None]:
            raise Refused(f"{gone[0]} is gone, and stays in the history as it was", "im list  shows what lives")
        now = ctx.clock(connection)
        after = requests.write_owner(connection, wanted, to)
        moved = [(old, new) for old, new in zip(before, after, strict=True) if old.owner != new.owner]
        events.record(
            connection,
            (actor.did(EventKind.GIVEN, n.id, now, f"{o.owner} → {to}", n.generation) for o, n in moved),
        )
        received = [new for _, new in moved]
        limits.enforce(connection, [None] * len(received), received, now)
    return Answer(tuple(Change(b, a) for b, a in zip(before, after, strict=True)), now, rang=True)
