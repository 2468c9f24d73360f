"""Where machines can be shelved, and what there is instead where they cannot."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from im.domain import intent
from im.domain.errors import Refused
from im.providers import registry

if TYPE_CHECKING:
    from im.domain.instance import Instance
    from im.domain.intent import Intent


def check_shelving(provider: str, instead: str) -> None:
    """Raises Refused where this cloud has no shelving. `instead`: what to type where a stop ends the bill already."""
    can = registry.capabilities(provider)
    if can.can_shelve:
        return
    if not can.can_stop:
        raise Refused(can.why_no_stop, "leave --on-expiry shelve out")
    if can.billing.stop_saves_nothing:
        raise Refused(
            f"im cannot shelve machines at {provider} yet",
            "--on-expiry terminate  ends the cost with the deadline; im terminate NAME  at once",
        )
    raise Refused(f"a stop already ends the bill for computing at {provider}, so nothing is shelved there", instead)


def keeps_address(provider: str) -> bool:
    """Does what is shelved at this cloud come back with its address? Not of one that this version does not know."""
    try:
        return registry.capabilities(provider).shelf_keeps_address
    except Refused:
        return False


def decide_stop(row: Instance, now: datetime, *, shelve: bool) -> Intent:
    """As `im.domain.intent.stop`. Raises Refused also where its cloud cannot shelve, or cannot stop it at all."""
    never = registry.capabilities(row.scope.provider).no_stop(row.spec)
    if never and row.closed_at is None:
        ways = f"im terminate {row.name}  ends it; im extend {row.name} -d 2h  keeps it longer"
        raise Refused(never, ways)
    if shelve:
        check_shelving(row.scope.provider, f"im stop {row.name}  stops it")
        if row.spec.spot is not None:
            raise Refused(f"{row.name} is a spot machine, which cannot be shelved", f"im stop {row.name}  stops it")
    return intent.stop(row, now, shelve=shelve)


def refuse_adopted(row: Instance) -> None:
    """Raises Refused for a machine that im did not make. Rows tell that where they are kept, and no document does."""
    if not row.spec.public_key:
        raise Refused(
            f"{row.name} was adopted, and im does not know all that it would have to make again",
            f"im stop {row.name}  stops it",
        )
