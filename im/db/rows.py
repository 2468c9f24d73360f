"""Rows to domain objects and back: the only place that knows both spellings."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, Select, select

from im.db.tables import instances, launches, scopes
from im.domain.instance import Desired, Instance, Launch, LaunchState, Observed, OnExpiry, Scope, Spec, Why

_TEXTS = tuple(f.name for f in fields(Spec) if f.name not in ("options", "user_data"))
_PLACE = (scopes.c.provider, scopes.c.account, scopes.c.region)


def select_instances() -> Select[Any]:
    """Whole instances with their scope; add WHERE, ORDER BY, FOR UPDATE OF instances as needed."""
    return select(instances, *_PLACE).join(scopes, scopes.c.id == instances.c.scope_id)


def select_launches() -> Select[Any]:
    return select(launches, *_PLACE).join(scopes, scopes.c.id == launches.c.scope_id)


def fetch_instances(connection: Connection, query: Select[Any]) -> list[Instance]:
    return [to_instance(row) for row in connection.execute(query)]


def to_instance(row: Row[Any]) -> Instance:
    return Instance(
        id=row.id,
        name=row.name,
        owner=row.owner,
        scope=_scope(row),
        spec=to_spec(row.spec),
        created_at=row.created_at,
        desired=Desired(row.desired),
        why=_why(row.why),
        by=row.by,
        expires_at=row.expires_at,
        on_expiry=OnExpiry(row.on_expiry),
        generation=row.generation,
        settled_generation=row.settled_generation,
        failed_generation=row.failed_generation,
        observed=Observed(row.observed),
        observed_at=row.observed_at,
        provider_id=row.provider_id,
        zone=row.zone,
        public_ip=row.public_ip,
        private_ip=row.private_ip,
        launched_at=row.launched_at,
        launch_token=row.launch_token,
        candidate=row.candidate,
        error_code=row.error_code,
        error=row.error,
        attempts=row.attempts,
        next_attempt_at=row.next_attempt_at,
        unsure=_unsure(row),
        drift_since=row.drift_since,
        closed_at=row.closed_at,
        keep_stopped=timedelta(seconds=row.keep_stopped) if row.keep_stopped is not None else None,
        ends_at=row.ends_at,
        protected=row.protected,
        protected_at_cloud=row.protected_at_cloud,
        spot_request=row.spot_request,
        interrupted_at=row.interrupted_at,
    )


def _why(written: str) -> Why:
    """A word that this version does not know was not one of its own reasons: a newer version, or a hand, wrote it."""
    return Why(written) if written in list(Why) else Why.OUTSIDE


def _unsure(row: Row[Any]) -> dict[str, datetime]:
    """A step that may have happened stays one though its date cannot be read; one unreadable row must not stop its scope."""
    written = row.unsure if isinstance(row.unsure, dict) else {}
    return {str(step): _moment(at) or row.observed_at for step, at in written.items()}


def _moment(written: object) -> datetime | None:
    try:
        read = datetime.fromisoformat(str(written))
    except ValueError:
        return None
    return read if read.tzinfo else None


def to_launch(row: Row[Any]) -> Launch:
    return Launch(
        token=row.token,
        scope=_scope(row),
        spec=to_spec(row.spec),
        slots=tuple(row.slots),
        names=tuple(row.names),
        state=LaunchState(row.state),
        attempts=row.attempts,
        called_at=row.called_at,
        candidate=row.candidate,
        round=row.round,
    )


def to_spec(stored: dict[str, Any]) -> Spec:
    """Tolerant: a row written by a neighbouring version, or by half, must not stop the work on its whole scope."""
    texts: dict[str, Any] = {name: str(stored.get(name) or "") for name in _TEXTS}
    return Spec(**texts, options=stored.get("options") or {})


def from_spec(spec: Spec) -> dict[str, Any]:
    return {
        "instance_type": spec.instance_type,
        "zone": spec.zone,
        "image": spec.image,
        "public_key": spec.public_key,
        "ssh_user": spec.ssh_user,
        "owner": spec.owner,
        "options": dict(spec.options),
    }


def _scope(row: Row[Any]) -> Scope:
    return Scope(row.provider, row.account, row.region)


def by_scope(rows: Iterable[Instance]) -> dict[Scope, list[Instance]]:
    """Group, keeping order."""
    grouped: dict[Scope, list[Instance]] = {}
    for row in rows:
        grouped.setdefault(row.scope, []).append(row)
    return grouped
