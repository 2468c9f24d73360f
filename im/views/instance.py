"""An instance: as it stands in a list, and with all that is told of it alone; and read again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from im.domain.explain.phase import phase
from im.domain.instance import Instance
from im.domain.spec.terms import Terms
from im.domain.state import Desired, Observed, OnExpiry, Shelf, Why
from im.views.cost import NO_COSTS, Costs, cost_json, rates_json
from im.views.event import event_json
from im.views.guard import guard_json
from im.views.machine import machine_json, read_spec
from im.views.scope import place_json, read_place
from im.views.times import read_moment, read_seconds, read_utc, seconds, utc

if TYPE_CHECKING:
    from im.domain.event import Event
    from im.domain.guard import Guard


T = TypeVar("T")


def instance_json(row: Instance, now: datetime, *, sandbox: bool, costs: Costs = NO_COSTS) -> dict[str, Any]:
    (told,) = instances_json([row], now, sandbox=sandbox, costs=costs)
    return told


def instances_json(
    rows: Iterable[Instance], now: datetime, *, sandbox: bool, costs: Costs = NO_COSTS
) -> list[dict[str, Any]]:
    """A list of them, in that order."""
    machine, rates = _Once(machine_json), _Once(rates_json)
    return [_document(row, now, sandbox, machine(row.spec), cost_json(costs.get(row.id), rates)) for row in rows]


class _Once(Generic[T]):
    """`write`, called once for each thing: of a hundred rows most have the same machine and the same prices. Nobody changes what
    it wrote."""

    def __init__(self, write: Callable[[T], dict[str, Any]]) -> None:
        self._write = write
        self._told: dict[int, tuple[T, dict[str, Any]]] = {}
        """By identity, with the thing itself, so that no other comes to have its."""

    def __call__(self, thing: T) -> dict[str, Any]:
        found = self._told.get(id(thing))
        if found is None:
            found = self._told[id(thing)] = thing, self._write(thing)
        return found[1]


def _document(
    row: Instance, now: datetime, sandbox: bool, machine: Mapping[str, Any], cost: Mapping[str, Any]
) -> dict[str, Any]:
    terms = row.terms
    return {
        "id": row.id,
        "name": row.name,
        "owner": row.owner,
        **place_json(row.scope),
        "zone": row.zone or row.spec.zone or None,
        "sandbox": sandbox,
        "provider_id": row.provider_id,
        "instance_type": row.spec.instance_type,
        "image": row.spec.image,
        "status": phase(row, now).word,
        "desired": str(row.desired),
        "observed": str(row.observed),
        "observed_at": utc(row.observed_at),
        "settled": row.settled,
        "failed": row.failed,
        "launching": row.launching,
        "candidate": row.candidate,
        "generation": row.generation,
        "why": str(row.why),
        "by": row.by,
        "public_ip": row.public_ip,
        "private_ip": row.private_ip,
        "ssh_user": row.spec.ssh_user,
        "ssh_host": terms.ssh_host or None,
        "ssh_port": terms.ssh_port,
        "lent_until": utc(terms.lent_until),
        "created_at": utc(row.created_at),
        "launched_at": utc(row.launched_at),
        "interrupted_at": utc(row.interrupted_at),
        "expires_at": utc(row.expires_at),
        "seconds_left": max(0, int((row.expires_at - now).total_seconds())),
        "on_expiry": str(row.on_expiry),
        "shelving": row.to_shelve,
        "shelf": str(row.shelf) or None,
        "keep_stopped_seconds": seconds(row.keep_stopped),
        "ends_at": utc(row.ends_at if row.stopped_by_ttl and not row.protected else None),
        "protected": row.protected,
        "error_code": row.error_code,
        "error": row.error,
        "closed_at": utc(row.closed_at),
        "tags": dict(row.spec.tags),
        **machine,
        **cost,
    }


def read_instance(told: Mapping[str, Any]) -> Instance:
    """The row again, in all that people are shown of it; of a launch its document says only whether one is still on its way."""
    generation = told["generation"]
    return Instance(
        id=told["id"],
        name=told["name"],
        owner=told["owner"],
        scope=read_place(told),
        spec=read_spec(told),
        created_at=read_moment(told["created_at"]),
        desired=Desired(told["desired"]),
        why=Why(told["why"]),
        by=told["by"],
        expires_at=read_moment(told["expires_at"]),
        on_expiry=OnExpiry(told["on_expiry"]),
        generation=generation,
        settled_generation=generation if told["settled"] else 0,
        failed_generation=generation if told["failed"] else 0,
        observed=Observed(told["observed"]),
        observed_at=read_moment(told["observed_at"]),
        provider_id=told["provider_id"],
        zone=told["zone"] or "",
        public_ip=told["public_ip"],
        private_ip=told["private_ip"],
        launched_at=read_utc(told["launched_at"]),
        launch_token="a launch" if told.get("launching") else None,  # no secret: that there is one is told
        candidate=told.get("candidate", 0),
        error_code=told["error_code"],
        error=told["error"],
        closed_at=read_utc(told["closed_at"]),
        keep_stopped=read_seconds(told["keep_stopped_seconds"]),
        ends_at=read_utc(told["ends_at"]),
        protected=told["protected"],
        interrupted_at=read_utc(told.get("interrupted_at")),
        provider_notes=_terms(told).as_notes(),
        shelves=told["on_expiry"] == OnExpiry.SHELVE.value,
        shelve_generation=generation if told.get("shelving") else 0,
        shelf=Shelf(told.get("shelf") or ""),
    )


def _terms(told: Mapping[str, Any]) -> Terms:
    """Without prices, which are part of what it costs. A server of an older version tells none."""
    return Terms(told.get("ssh_host") or "", told.get("ssh_port"), lent_until=read_utc(told.get("lent_until")))


def detail_json(
    row: Instance,
    now: datetime,
    *,
    sandbox: bool,
    costs: Costs,
    refreshed_at: datetime | None,
    guard: Guard | None,
    events: Sequence[Event],
) -> dict[str, Any]:
    """`refreshed_at`: when the cloud was last looked at for it; None: never."""
    return {
        **instance_json(row, now, sandbox=sandbox, costs=costs),
        "facts_age_seconds": seconds(now - refreshed_at) if refreshed_at else None,
        "guard": guard_json(guard),
        "events": [event_json(event) for event in events],
    }
