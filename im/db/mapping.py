"""Rows as domain objects, whoever read them: the only place that knows both spellings."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any

from im.db.instances.spec import read_spec, to_spec
from im.domain.instance import Instance
from im.domain.scope import Scope
from im.domain.state import Desired, Observed, OnExpiry, Shelf, Why

_CALLED = {"uncertain_steps": "unsure"}
"""Fields whose columns have an older name: a column that is renamed stops the workers of the version before."""
COLUMNS = tuple(_CALLED.get(f.name, f.name) for f in fields(Instance) if f.name != "scope")
"""Of `instances`, in the order in which `to_instance` takes them; then the place: provider, account, region."""
DOCUMENTS = ("spec", "unsure", "provider_notes")
"""Those of them that are JSON; `to_instance` takes them as text too, which is what thousands of equal ones are told apart by."""
NONE = "{}"
_AT = {f.name: at for at, f in enumerate(fields(Instance))}
_DESIRED = {one.value: one for one in Desired}
_OBSERVED = {one.value: one for one in Observed}
_ON_EXPIRY = {one.value: one for one in OnExpiry}
_SHELF = {one.value: one for one in Shelf}
_WHY = {one.value: one for one in Why}


def to_instance(row: Sequence[Any]) -> Instance:
    """From a row of COLUMNS and the place.

    By position, because thousands of rows are read in a storm: an attribute of a row costs what the rest of its reading does.
    """
    *values, provider, account, region = row
    values.insert(_AT["scope"], Scope(provider, account, region))
    spec = values[_AT["spec"]]
    values[_AT["spec"]] = read_spec(spec) if isinstance(spec, str) else to_spec(spec)
    values[_AT["desired"]] = _DESIRED[values[_AT["desired"]]]
    # a word that this version does not know was not one of its own reasons: a newer version, or a hand, wrote it
    values[_AT["why"]] = _WHY.get(values[_AT["why"]], Why.OUTSIDE)
    values[_AT["on_expiry"]] = _ON_EXPIRY[values[_AT["on_expiry"]]]
    values[_AT["shelf"]] = _SHELF[values[_AT["shelf"]]]
    if values[_AT["shelves"]]:
        values[_AT["on_expiry"]] = OnExpiry.SHELVE
    values[_AT["observed"]] = _OBSERVED[values[_AT["observed"]]]
    values[_AT["uncertain_steps"]] = _uncertain_steps(values[_AT["uncertain_steps"]], values[_AT["observed_at"]])
    values[_AT["provider_notes"]] = _document(values[_AT["provider_notes"]])
    if (kept := values[_AT["keep_stopped"]]) is not None:
        values[_AT["keep_stopped"]] = timedelta(seconds=kept)
    return Instance(*values)


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
