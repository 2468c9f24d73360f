"""Many rows in one statement: a list of mappings as a table, carried by a single JSON parameter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Table, TableValuedAlias, bindparam, column, func
from sqlalchemy.dialects.postgresql import JSONB


def recordset(
    table: Table, names: Sequence[str], rows: Sequence[Mapping[str, Any]], alias: str = "v"
) -> TableValuedAlias:
    """`rows` as a FROM element whose columns `names` have the types they have in `table`. Datetimes go as ISO text."""
    typed = [column(name, table.c[name].type) for name in names]
    payload = [{name: _plain(row[name]) for name in names} for row in rows]
    return (
        func.jsonb_to_recordset(bindparam(None, payload, type_=JSONB))
        .table_valued(*typed, name=alias)
        .render_derived(with_types=True)
    )


def assignments(source: TableValuedAlias, names: Sequence[str]) -> dict[str, ColumnElement[Any]]:
    """`SET name = source.name` for each of `names`."""
    return {name: source.c[name] for name in names}


def _plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value
