"""adopt: people hand machines over that no row has: forgotten ones that we never made, and orphans of ours.

Row first, commit, then ring, as every request; the cloud is never called here. What is handed over is stopped at its deadline,
and never terminated unless somebody asks for that.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import SystemRandom
from typing import TYPE_CHECKING, Any

from im.db import events, guards, orphans, scopes
from im.db.instances import adoption, requests
from im.db.instances.spec import from_spec
from im.db.read import instances as read_instances
from im.domain import tags
from im.domain.access import Actor, Verb
from im.domain.adoption import FORCED
from im.domain.errors import MachineTaken, NameTaken, NoSuchInstance, Refused
from im.domain.event import EventKind
from im.domain.guard import GuardKind
from im.domain.input.listed import listed
from im.domain.instance import Instance
from im.domain.intent import Deadline
from im.domain.orphan import Orphan
from im.domain.scope import Scope
from im.domain.spec.names import check_name, make_id, make_name, numbered
from im.domain.spec.spec import Spec
from im.domain.state import Desired, Observed, OnExpiry, Why
from im.failpoints import Point, reach
from im.providers import registry
from im.queue.tasks import Task
from im.services import access
from im.services.access import Permit
from im.services.people import quotas
from im.services.requests.free_names import refuse_taken, write_free
from im.services.requests.result import Answer, Change
from im.services.ring import ring_hints

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from im.context import Context

_random = SystemRandom()


@dataclass(frozen=True, slots=True)
class AdoptRequest:
    """One `im adopt`, as typed; ids are the provider's."""

    provider: str
    account: str
    region: str
    machines: tuple[str, ...]
    name: str | None
    deadline: Deadline
    actor: Actor
    ssh_user: str = ""
    """Who logs in; nobody can ask the cloud."""
    force: bool = False
    """Though somebody else controls it."""


@dataclass(frozen=True, slots=True)
class _Taking:
    """What becomes a row: which machine, where, called what (None: something is made up), and to what end."""

    machine: str
    scope: Scope
    name: str | None
    desired: Desired
    expires_at: datetime
    ssh_user: str = ""
    force: bool = False


def adopt(ctx: Context, request: AdoptRequest) -> Answer:
    """Commit rows for machines that we never made, and ring. Raises Refused, also for one that a row has already."""
    permit = access.ask(request.actor, Verb.ADOPT)
    profile = registry.profile(request.provider)
    ctx.settings.place_of(request.provider, request.account)
    scope = profile.locate(request.machines, account=request.account, region=request.region)
    can = registry.capabilities(request.provider)
    if not can.can_stop:
        why = "im never terminates what it did not make unless it is told to"
        raise Refused(f"{request.provider} cannot stop machines, and {why}", "watch over this one yourself")
    if never := can.why_no_adoption:
        raise Refused(never, "watch over this one yourself; im orphans  shows what im has launched and lost")
    names = _names(request.name, len(request.machines))

    def decide(_: Connection, now: datetime) -> list[_Taking]:
        until, named = request.deadline.after(now), zip(request.machines, names, strict=True)
        return [_Taking(m, scope, n, Desired.RUNNING, until, request.ssh_user, request.force) for m, n in named]

    return _commit(ctx, decide, permit, EventKind.ADOPT_REQUESTED, names)


def adopt_orphans(
    ctx: Context, machines: Sequence[str], deadline: Deadline, *, name: str | None, actor: Actor, force: bool = False
) -> Answer:
    """Orphans become ordinary rows. Raises NoSuchInstance for one that is not listed, or not any more."""
    permit, names = access.ask(actor, Verb.ADOPT), _names(name, len(machines))

    def decide(connection: Connection, now: datetime) -> list[_Taking]:
        found, until = _lock_orphans(connection, machines, permit), deadline.after(now)
        named = zip(machines, names, strict=True)
        return [_of_orphan(connection, found[m], n, Desired.RUNNING, until, force=force) for m, n in named]

    return _commit(ctx, decide, permit, EventKind.ADOPT_REQUESTED, names)


def terminate_orphans(ctx: Context, machines: Sequence[str], *, actor: Actor, force: bool = False) -> Answer:
    """Orphans become rows whose end is desired: they are taken in first, so that only what is ours is ended."""
    permit = access.ask(actor, Verb.TERMINATE)

    def decide(connection: Connection, now: datetime) -> list[_Taking]:
        found = _lock_orphans(connection, machines, permit)
        return [_of_orphan(connection, found[m], None, Desired.TERMINATED, now, force=force) for m in machines]

    return _commit(ctx, decide, permit, EventKind.TERMINATE_REQUESTED)


def _commit(
    ctx: Context,
    decide: Callable[[Connection, datetime], list[_Taking]],
    permit: Permit,
    kind: EventKind,
    asked: Sequence[str | None] = (),
) -> Answer:
    """All or nothing. `asked`: the names that somebody chose."""
    wanted: list[_Taking] = []

    def write(crowded: bool) -> tuple[list[Instance], datetime]:
        with ctx.storing() as connection:
            now = ctx.clock(connection)
            wanted[:] = decide(connection, now)
            rows = _insert(connection, wanted, permit.actor, kind, now, crowded=crowded)
            grace = timedelta(seconds=ctx.settings.guard_grace)
            for row in rows:
                can = registry.capabilities(row.scope.provider)
                guard = ctx.settings.guard if can.native_deadline else GuardKind.NONE
                guards.add(connection, [row.id], guard, grace, can.guard_ahead)
            if kind is EventKind.ADOPT_REQUESTED:
                quotas.enforce(connection, [None] * len(rows), rows, now)
            reach(Point.REQUEST_WRITTEN, Task.ADOPT)
        return rows, now

    def explain(exc: NameTaken | MachineTaken) -> None:
        if isinstance(exc, MachineTaken):
            _refuse_holders(ctx, wanted, exc)
        else:
            refuse_taken(ctx, [name for name in asked if name is not None], exc)

    rows, now = write_free(write, explain)
    reach(Point.REQUEST_COMMITTED, Task.ADOPT)
    rang = ctx.queue.ring(Task.ADOPT, [row.id for row in rows], label=listed([row.name for row in rows]))
    ring_hints(ctx, rows, now)
    reach(Point.REQUEST_RUNG, Task.ADOPT)
    return Answer(tuple(Change(None, row) for row in rows), now, rang)


def _insert(
    connection: Connection, wanted: Sequence[_Taking], actor: Actor, kind: EventKind, now: datetime, *, crowded: bool
) -> list[Instance]:
    rows = [_as_row(connection, one, actor.name, now, crowded=crowded) for one in wanted]
    _refuse_held(connection, rows)
    requests.add(connection, rows)
    for one, row in zip(wanted, rows, strict=True):
        orphans.close(connection, row["scope_id"], now, gone=[one.machine])
    inserted = read_instances.read(connection, [row["id"] for row in rows])
    story = (actor.did(kind, r.id, now, _reason(r), r.generation) for r in inserted)
    events.record(connection, story)
    return inserted


def _as_row(connection: Connection, one: _Taking, by: str, now: datetime, *, crowded: bool) -> dict[str, Any]:
    return {
        "id": make_id(_random),
        "name": one.name or make_name(_random, crowded=crowded),
        "owner": by,
        "scope_id": scopes.ensure(connection, one.scope),
        # what it is, only the cloud knows
        "spec": from_spec(Spec("", "", "", "", one.ssh_user, by, provider_options={FORCED: True} if one.force else {})),
        "created_at": now,
        "desired": one.desired.value,
        "why": Why.USER.value,
        "by": by,
        "expires_at": one.expires_at,
        "on_expiry": OnExpiry.STOP.value,
        "generation": 1,
        "observed": Observed.NONE.value,
        "observed_at": now,
        "provider_id": one.machine,
        "zone": "",
    }


def _reason(row: Instance) -> str:
    if row.desired is Desired.TERMINATED:
        return f"the orphan {row.provider_id}"
    return f"{row.provider_id}, to be stopped at {row.expires_at:%Y-%m-%d %H:%M:%S} UTC"


def _refuse_held(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    for row in rows:
        held = adoption.holders(connection, row["scope_id"], [row["provider_id"]])
        for _, name in held.values():
            raise _held(row["provider_id"], name)


def _held(machine: str, name: str) -> MachineTaken:
    return MachineTaken(f"{machine} is already managed as {name}", f"im extend {name} -d 4h  moves its deadline")


def _refuse_holders(ctx: Context, wanted: Sequence[_Taking], exc: MachineTaken) -> None:
    with ctx.begin() as connection:
        for one in wanted:
            held = adoption.holders(connection, scopes.ensure(connection, one.scope), [one.machine])
            for _, name in held.values():
                raise _held(one.machine, name) from exc


def _names(name: str | None, count: int) -> tuple[str | None, ...]:
    return tuple(check_name(n) for n in numbered(name, count)) if name is not None else (None,) * count


def _lock_orphans(connection: Connection, machines: Sequence[str], permit: Permit) -> dict[str, Orphan]:
    found = {one.provider_id: one for one in orphans.lock(connection, machines)}
    for machine in machines:
        if machine not in found:
            told = f"there is no orphan {machine[:80]}"
            raise NoSuchInstance(told, "im orphans  lists them; im adopt  takes in a machine that im did not make")
    # it is its launcher's by its tag; who takes it in is its owner from then on
    permit.on(one.seen.tags.get(tags.OWNER, permit.actor.name) for one in found.values())
    return found


def _of_orphan(
    connection: Connection, one: Orphan, name: str | None, desired: Desired, expires_at: datetime, *, force: bool
) -> _Taking:
    """It keeps the name that its tag says, if that is a name and free."""
    if name is None:
        tagged = one.seen.tags.get(tags.NAME, "")
        try:
            free = not requests.taken_names(connection, [check_name(tagged)])
        except Refused:
            free = False
        name = tagged if free else None
    return _Taking(one.provider_id, one.scope, name, desired, expires_at, force=force)
