"""Rows that name a machine we did not make: what is learned of it, and closing the row when adoption is refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection, Select, case, func, select, update

from im.db.bulk import recordset
from im.db.instances.spec import from_spec
from im.db.schema.core import instances, scopes
from im.domain.instance import Instance
from im.domain.sighting import Sighting
from im.domain.spec.spec import Spec
from im.domain.spec.spot import Spot
from im.domain.state import Desired, Observed

t = instances.c
_AT_REST = (Observed.HALTED.value, Observed.STOPPING.value, Observed.STOPPED.value)


def same_place(scope_id: int) -> Select[tuple[int]]:
    """The scopes that are this one by another name: two names of ours may lead to one account of the cloud."""
    here, there = scopes.alias("here"), scopes.alias("there")
    same = (there.c.provider == here.c.provider) & (there.c.region == here.c.region)
    account = (there.c.cloud_account == here.c.cloud_account) | (there.c.id == here.c.id)
    return select(there.c.id).where(here.c.id == scope_id, same, account)


def holders(connection: Connection, scope_id: int, provider_ids: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Machine → id and name of the oldest living row that names it, in whichever scope of the same account."""
    query = (
        select(t.provider_id, t.id, t.name)
        .where(t.scope_id.in_(same_place(scope_id)), t.provider_id.in_(provider_ids), t.closed_at.is_(None))
        .order_by(t.created_at.desc(), t.id.desc())
    )
    return {provider_id: (row_id, name) for provider_id, row_id, name in connection.execute(query)}


def learn(connection: Connection, owner: str, seen: Mapping[str, tuple[Instance, Sighting]]) -> None:
    """Write what the cloud told of machines (by row id) into rows still leased to `owner`.

    One that rests, and that nobody has asked for since, is adopted as it is: it is not started.
    """
    rows = [
        {
            "id": row.id,
            "zone": sighting.zone,
            "observed": sighting.state.value,
            "spec": from_spec(_as_seen(row.spec, sighting)),
        }
        for row, sighting in seen.values()
    ]
    if not rows:
        return
    v = recordset(instances, ("id", "zone", "observed", "spec"), rows)
    as_it_is = (t.desired == Desired.RUNNING.value) & (t.generation == 1) & v.c.observed.in_(_AT_REST)
    connection.execute(
        update(instances)
        .where(t.id == v.c.id, t.lease_token == owner)
        .values(zone=v.c.zone, spec=v.c.spec, desired=case((as_it_is, Desired.STOPPED.value), else_=t.desired))
    )


def _as_seen(spec: Spec, seen: Sighting) -> Spec:
    """Of a spot machine nobody knows more than that it is one."""
    known = replace(spec, instance_type=seen.instance_type, zone=seen.zone, image=seen.image)
    return replace(known, windows=seen.windows or spec.windows, spot=Spot() if seen.spot_request else spec.spot)


def refuse(connection: Connection, ids: Sequence[str], now: datetime) -> None:
    """These machines are not to be had. The rows let go of them and are closed: nothing can be done to them by mistake."""
    connection.execute(
        update(instances)
        .where(t.id.in_(ids), t.observed == Observed.NONE.value)
        .values(provider_id=None, failed_generation=t.generation, closed_at=func.coalesce(t.closed_at, now))
    )
