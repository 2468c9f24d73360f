"""A machine may be off and still be charged for: `halted`.

Workers of the version before know no cloud that has such machines.
"""

from __future__ import annotations

from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

_BEFORE = "none pending running stopping stopped terminating terminated missing".split()
_AFTER = "none pending running halted stopping stopped terminating terminated missing".split()
_HELD = (("instances", "observed"), ("orphans", "state"))


def upgrade() -> None:
    _allow(_AFTER)


def downgrade() -> None:
    for table, column in _HELD:
        op.execute(f"UPDATE {table} SET {column} = 'running' WHERE {column} = 'halted'")  # noqa: S608
    _allow(_BEFORE)


def _allow(states: list[str]) -> None:
    """Every row holds already what was allowed before, so nothing is read to see it."""
    told = ", ".join(f"'{one}'" for one in states)
    for table, column in _HELD:
        name = op.f(f"ck_{table}_{column}")
        op.drop_constraint(name, table)
        op.create_check_constraint(name, table, f"{column} IN ({told})")
