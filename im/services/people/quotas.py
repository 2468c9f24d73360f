"""Quotas kept: a request that would take more than there is is refused in its own transaction, so that nothing is written."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from im.db.people import audit, quotas, users
from im.db.read import instances
from im.domain.access import Actor, Role, Verb
from im.domain.errors import NoSuchUser, Refused
from im.domain.money.amount import ZERO
from im.domain.people.quota import Quota, QuotaFor, Taken, Use, check_rows, check_together, is_live
from im.domain.people.user import User, UserKind
from im.services import access
from im.services.money.costs import ledger

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from im.context import Context
    from im.domain.instance import Instance


@access.counting("quota")
def enforce(
    connection: Connection, before: Sequence[Instance | None], after: Sequence[Instance], now: datetime
) -> None:
    """Raises OverLimit when `after` (written already) takes more than a quota of its owners allows.

    Before the budgets', in the same transaction: the quota's row is locked, and only who holds it may count and commit.
    `before[i]` is the row that `after[i]` was, None for a new one or one that was another's.
    """
    _check(connection, before, after, now, stored=True)


def rehearse(connection: Connection, before: Sequence[Instance], after: Sequence[Instance], now: datetime) -> None:
    """The same of what is not written and will not be: nothing is locked."""
    _check(connection, before, after, now, stored=False)


def _check(
    connection: Connection,
    before: Sequence[Instance | None],
    after: Sequence[Instance],
    now: datetime,
    *,
    stored: bool,
) -> None:
    pairs = list(zip(before, after, strict=True))
    asking = [(old, new) for old, new in pairs if _asks_more(old, new)]
    if not asking:
        return
    owners = {new.owner for _, new in asking}
    known = users.called(connection, owners)
    subjects = {one for owner in owners for one in _subjects(owner, known.get(owner))}
    for quota in quotas.lock(connection, subjects) if stored else quotas.listed(connection):
        if (quota.of, quota.name) not in subjects:
            continue
        mine = [(old, new) for old, new in asking if _concerns(quota, new.owner, known.get(new.owner))]
        check_rows(quota, [old for old, _ in mine], [new for _, new in mine], now)
        more_live = any(is_live(new) and not (old is not None and is_live(old)) for old, new in mine)
        if not more_live or (quota.live is None and quota.usd_per_hour is None):
            continue
        for group in _groups(connection, quota, [new for _, new in mine]):
            check_together(quota, _taken(connection, group, now, after, priced=quota.usd_per_hour is not None))


def _asks_more(old: Instance | None, new: Instance) -> bool:
    return old is None or new.expires_at > old.expires_at or (is_live(new) and not is_live(old))


def _subjects(owner: str, user: User | None) -> set[tuple[QuotaFor, str]]:
    """Whose quotas hold what `owner` has. An owner who is no user has a quota of that name, should there be one."""
    if user is None:
        return {(QuotaFor.USER, owner)}
    if user.kind is UserKind.TEAM:
        return {(QuotaFor.TEAM, owner)}
    team = {(QuotaFor.TEAM, user.team)} if user.team else set()
    return {(QuotaFor.USER, owner), (QuotaFor.ROLE, user.role.value), *team}


def _concerns(quota: Quota, owner: str, user: User | None) -> bool:
    return (quota.of, quota.name) in _subjects(owner, user)


def _groups(connection: Connection, quota: Quota, asked: Sequence[Instance]) -> list[list[str]]:
    """The owners whose instances are counted together."""
    if quota.of is QuotaFor.TEAM:
        return [[quota.name, *users.members(connection, quota.name)]]
    return [[owner] for owner in sorted({row.owner for row in asked})]


def _taken(
    connection: Connection, owners: Sequence[str], now: datetime, asked: Sequence[Instance] = (), *, priced: bool
) -> Taken:
    """`asked`: rows as they are to be counted, whether they are written yet or not."""
    there = {row.id: row for row in instances.owned(connection, owners)}
    there |= {row.id: row for row in asked if row.owner in owners}
    rows = [row for row in there.values() if is_live(row)]
    if not priced:
        return Taken(len(rows), None)
    found = ledger(connection, rows, now)
    total: Decimal | None = ZERO
    for row in rows:
        hourly = found.rates(row).running
        total = None if hourly is None or total is None else total + hourly
    return Taken(len(rows), total)


# ---- for people ------------------------------------------------------------------------------------------------------


def uses(ctx: Context) -> list[Use]:
    """How every quota stands."""
    with ctx.begin() as connection:
        now = ctx.clock(connection)
        return [_use(connection, quota, now) for quota in quotas.listed(connection)]


def one(ctx: Context, of: QuotaFor, name: str) -> Use | None:
    """How one stands; None where there is none."""
    with ctx.begin() as connection:
        found = quotas.one(connection, of, name)
        return _use(connection, found, ctx.clock(connection)) if found else None


def write(ctx: Context, quota: Quota, *, actor: Actor) -> Use:
    """Set it, in place of the one there was. Raises Refused, NoSuchUser."""
    access.ask(actor, Verb.SET_QUOTA)
    if quota.of is QuotaFor.ROLE and quota.name not in {role.value for role in Role}:
        raise Refused(f"there is no role '{quota.name[:40]}'", f"choose from {', '.join(Role)}")
    with ctx.storing() as connection:
        now = ctx.clock(connection)
        if quota.of is QuotaFor.TEAM:
            team = users.one(connection, quota.name)
            if team is None or team.kind is not UserKind.TEAM:
                raise NoSuchUser(f"there is no team '{quota.name[:80]}'", "im user  shows who there is")
        quotas.write(connection, quota, actor.name, now)
        audit.record(connection, actor, "quota set", f"{quota.of} {quota.name}", said(quota), now)
        return _use(connection, quota, now)


def remove(ctx: Context, of: QuotaFor, name: str, *, actor: Actor) -> None:
    access.ask(actor, Verb.SET_QUOTA)
    with ctx.storing() as connection:
        if not quotas.remove(connection, of, name):
            raise Refused(f"{of} {name} has no quota", "im quota  shows those there are")
        audit.record(connection, actor, "quota removed", f"{of} {name}", "", ctx.clock(connection))


def said(quota: Quota) -> str:
    """In one line what it allows."""
    from im.domain.input.duration import format_duration
    from im.domain.money.amount import show

    parts = [
        *([f"{quota.live} live"] if quota.live is not None else []),
        *([f"{show(quota.usd_per_hour)} an hour"] if quota.usd_per_hour is not None else []),
        *([f"{format_duration(quota.longest_ttl)} at a time"] if quota.longest_ttl is not None else []),
        *([f"{format_duration(quota.longest_life)} in all"] if quota.longest_life is not None else []),
        *([f"types {', '.join(quota.types)}"] if quota.types else []),
    ]
    return ", ".join(parts) or "no limit"


def _use(connection: Connection, quota: Quota, now: datetime) -> Use:
    if quota.of is QuotaFor.ROLE:
        return Use(quota, None)
    owners = [quota.name, *(users.members(connection, quota.name) if quota.of is QuotaFor.TEAM else [])]
    return Use(quota, _taken(connection, owners, now, priced=True))
