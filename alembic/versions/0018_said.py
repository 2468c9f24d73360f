"""What people say of themselves is bounded and visible, whoever writes it: first what is there is made so, then it is a rule.

History is only appended to, and may be millions of lines: its rules hold for what comes, and nobody waits for a look at all of it.
"""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_UNSEEN = (
    r"[\u0001-\u001f\u007f-\u009f\u00ad\u0600-\u0605\u061c\u06dd\u070f\u0890-\u0891\u08e2\u180e\u200b-\u200f\u2028-\u202e"
    r"\u2060-\u206f\ufeff\ufff9-\ufffb\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    r"\U000e0001\U000e0020-\U000e007f]"
)
_IS_NAME = "^[a-z]([a-z0-9-]*[a-z0-9])?$"
_SAID = (
    ("instances", "owner", 128),
    ("instances", "by", 128),
    ("holds", "by", 128),
    ("holds", "reason", 300),
    ("budgets", "owner", 128),
    ("budgets", "set_by", 128),
    ("leftovers", "condemned_by", 128),
    ("scopes", "provider", 63),
    ("scopes", "account", 63),
    ("scopes", "region", 63),
)
_TOLD = (("events", "actor", 128), ("events", "reason", 2000))


def upgrade() -> None:
    # two budgets that become one owner's: the smaller one stays
    bad, same = _bad("b.owner", 128), f"{_mended('o.owner', 128)} = {_mended('b.owner', 128)} AND o.owner <> b.owner"
    goes_before = f"(NOT {_bad('o.owner', 128)} OR (o.usd_per_month, o.owner) < (b.usd_per_month, b.owner))"
    op.execute(f"DELETE FROM budgets b USING budgets o WHERE {bad} AND {same} AND {goes_before}")  # noqa: S608
    # one of two places of that name keeps it
    op.execute(f"UPDATE scopes SET account = 'account-' || id WHERE {_bad('account', 63)}")  # noqa: S608
    op.execute(f"UPDATE instances SET name = id WHERE NOT {_good_name()}")  # noqa: S608
    for table, column, most in _SAID:
        op.execute(f"UPDATE {table} SET {column} = {_mended(column, most)} WHERE {_bad(column, most)}")  # noqa: S608
        op.create_check_constraint(op.f(f"ck_{table}_{column}"), table, sa.text(_good(column, most)))
    op.create_check_constraint(op.f("ck_instances_name"), "instances", sa.text(_good_name()))
    for table, column, most in _TOLD:
        op.execute(f"ALTER TABLE {table} ADD CONSTRAINT ck_{table}_{column} CHECK ({_good(column, most)}) NOT VALID")


def downgrade() -> None:
    for table, column, _ in (*_SAID, *_TOLD, ("instances", "name", 63)):
        op.drop_constraint(op.f(f"ck_{table}_{column}"), table)


def _good(column: str, most: int) -> str:
    return f"char_length({column}) <= {most} AND {column} !~ '{_UNSEEN}'"


def _good_name() -> str:
    return f"(name ~ '{_IS_NAME}' AND char_length(name) <= 63)"


def _bad(column: str, most: int) -> str:
    return f"(char_length({column}) > {most} OR {column} ~ '{_UNSEEN}')"


def _mended(column: str, most: int) -> str:
    return f"left(regexp_replace({column}, '{_UNSEEN}', '?', 'g'), {most})"
