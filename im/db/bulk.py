"""Many rows in one statement: a list of mappings as a table, carried by a single JSON parameter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Table, TableValuedAlias, bindparam, column, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeEngine


def recordset(
    table: Table,
    names: Sequence[str],
    rows: Sequence[Mapping[str, Any]],
    extra: Mapping[str, TypeEngine[Any]] | None = None,
) -> TableValuedAlias:
    """`rows` as a FROM element `v`. The columns `names` have the types they have in `table`; `extra` ones bring their own.

    Datetimes travel as ISO text; a key that is missing in a row is NULL.
    """
    typed = {name: table.c[name].type for name in names} | dict(extra or {})
    payload = [{name: _plain(row.get(name)) for name in typed} for row in rows]
    return (
        func.jsonb_to_recordset(bindparam(None, payload, type_=JSONB))
        .table_valued(*(column(name, type_) for name, type_ in typed.items()), name="v")
        .render_derived(with_types=True)
    )


def assignments(source: TableValuedAlias, names: Sequence[str]) -> dict[str, ColumnElement[Any]]:
    """`SET name = source.name` for each of `names`."""
    return {name: source.c[name] for name in names}


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("\x00", "")  # Postgres takes every character but this one
    return value.isoformat() if hasattr(value, "isoformat") else value
