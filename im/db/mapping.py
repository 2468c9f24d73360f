"""Rows as domain objects, whoever read them: the only place that knows both spellings."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from im.db.instances.spec import read_spec, to_spec
from im.domain.instance import Instance
from im.domain.scope import Scope
from im.domain.spec.spec import Spec
from im.domain.state import Desired, Observed, OnExpiry, Shelf, Why
from im.frozen import maker

_CALLED = {"uncertain_steps": "unsure"}
"""Fields whose columns have an older name: a column that is renamed stops the workers of the version before."""
COLUMNS = tuple(_CALLED.get(f.name, f.name) for f in fields(Instance) if f.name != "scope")
"""Of `instances`, in the order in which `to_instance` takes them; then the place: provider, account, region."""
DOCUMENTS = ("spec", "unsure", "provider_notes")
"""Those of them that are JSON; `to_instance` takes them as text too, which is what thousands of equal ones are told apart by."""
NONE = "{}"
_instance = maker(Instance)
_AT = {f.name: at for at, f in enumerate(fields(Instance))}
_SCOPE, _SHELVES, _ON_EXPIRY = _AT["scope"], _AT["shelves"], _AT["on_expiry"]
_UNCERTAIN, _OBSERVED_AT = _AT["uncertain_steps"], _AT["observed_at"]
_WHY = {one.value: one for one in Why}


def to_instance(row: Sequence[Any]) -> Instance:
    """From a row of COLUMNS and the place.

    By position, because thousands of rows are read in a storm: an attribute of a row costs what the rest of its reading does.
    """
    *values, provider, account, region = row
    values.insert(_SCOPE, _scope(provider, account, region))
    for at, read in _READ:
        values[at] = read(values[at])
    if values[_SHELVES]:
        values[_ON_EXPIRY] = OnExpiry.SHELVE
    values[_UNCERTAIN] = _uncertain_steps(values[_UNCERTAIN], values[_OBSERVED_AT])
    return _instance(*values)


@lru_cache(maxsize=256)
def _scope(provider: str, account: str, region: str) -> Scope:
    """Thousands of rows are in the same few."""
    return Scope(provider, account, region)


def _spec(written: Any) -> Spec:
    return read_spec(written) if isinstance(written, str) else to_spec(written)


def _why(written: str) -> Why:
    """A word that this version does not know was not one of its own reasons: a newer version, or a hand, wrote it."""
    return _WHY.get(written, Why.OUTSIDE)


def _span(seconds: float | None) -> timedelta | None:
    return None if seconds is None else timedelta(seconds=seconds)


def from_on_expiry(on_expiry: OnExpiry) -> dict[str, object]:
    """The columns of it: workers of a version that cannot shelve stop what is to be shelved, and no more."""
    shelves = on_expiry is OnExpiry.SHELVE
    return {"on_expiry": (OnExpiry.STOP if shelves else on_expiry).value, "shelves": shelves}


def _uncertain_steps(written: object, observed_at: datetime) -> dict[str, datetime]:
    """A step that may have happened stays one though its date cannot be read; one unreadable row must not stop its scope."""
    if written == NONE:
        return {}
    steps = _document(written)
    if not isinstance(steps, dict):
        return {}
    return {str(step): _moment(at) or observed_at for step, at in steps.items()}


def _document(written: Any) -> Any:
    """As it was read already, or as Postgres writes it; None where that is no JSON."""
    if not isinstance(written, str):
        return written
    if written == NONE:
        return {}
    try:
        return json.loads(written)
    except ValueError:
        return None


def _moment(written: object) -> datetime | None:
    try:
        read = datetime.fromisoformat(str(written))
    except ValueError:
        return None
    return read if read.tzinfo else None


_READERS: Mapping[str, Callable[[Any], Any]] = {
    "spec": _spec,
    "desired": {one.value: one for one in Desired}.__getitem__,
    "why": _why,
    "on_expiry": {one.value: one for one in OnExpiry}.__getitem__,
    "observed": {one.value: one for one in Observed}.__getitem__,
    "keep_stopped": _span,
    "provider_notes": _document,
    "shelf": {one.value: one for one in Shelf}.__getitem__,
}
"""Fields that are not what their columns hold, and what makes them of that."""
_READ = tuple((_AT[name], read) for name, read in _READERS.items())
