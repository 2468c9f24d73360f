"""What people say of themselves and of what they do: bounded and visible, by the database's own word too.

The door (`im.domain.input.text`) refuses it earlier and in better words; this holds for whoever writes past the door. It is no
stricter than the door is: what Python calls printable holds none of UNSEEN.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import CheckConstraint, Column, Table

import im.db.schema.counters
import im.db.schema.deployment
import im.db.schema.marks
import im.db.schema.sessions
import im.db.schema.snapshots
import im.db.schema.times
import im.db.schema.work  # noqa: F401 - whoever asks for all tables gets all
from im.db.schema.core import events, holds, instances, metadata, scopes
from im.db.schema.launch_inputs import leftovers
from im.db.schema.people import audit, tokens, users, views
from im.db.schema.spending import budgets
from im.db.schema.webhooks import webhooks
from im.domain.input.text import OWNER, PLACE, REASON, TOLD
from im.domain.people.user import DISPLAY, LOGIN
from im.domain.people.view import FILTER
from im.domain.people.view import NAME as VIEW

__all__ = ["SAID", "UNSEEN", "Said", "metadata"]

UNSEEN = (
    r"[\u0001-\u001f\u007f-\u009f\u00ad\u0600-\u0605\u061c\u06dd\u070f\u0890-\u0891\u08e2\u180e\u200b-\u200f\u2028-\u202e"
    r"\u2060-\u206f\ufeff\ufff9-\ufffb\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    r"\U000e0001\U000e0020-\U000e007f]"
)
"""A regular expression of Postgres: controls, formats (escapes, direction overrides, what has no width), line ends."""


@dataclass(frozen=True, slots=True)
class Said:
    """One column that repeats a person: how long it may be, and what a person calls it."""

    column: Column[str]
    what: str
    most: int
    rule: str = "char_length({0}) <= {1} AND {0} !~ '{2}'"

    @property
    def table(self) -> Table:
        table: Table = self.column.table
        return table

    @property
    def constraint(self) -> str:
        """The name by which its violation is recognised."""
        return f"ck_{self.table.name}_{self.column.name}"

    @property
    def check(self) -> str:
        return self.rule.format(self.column.name, self.most, UNSEEN)


_NAME = "{0} ~ '^[a-z]([a-z0-9-]*[a-z0-9])?$' AND char_length({0}) <= {1}"
SAID = (
    Said(instances.c.name, "the name", 63, _NAME),
    Said(instances.c.owner, "the owner's name", OWNER),
    Said(instances.c.by, "the name of who asks", OWNER),
    Said(events.c.actor, "the name of who asks", OWNER),
    Said(events.c.reason, "the reason", TOLD),
    Said(holds.c.by, "the name of who asks", OWNER),
    Said(holds.c.reason, "the reason", REASON),
    Said(budgets.c.owner, "the owner's name", OWNER),
    Said(budgets.c.set_by, "the name of who asks", OWNER),
    Said(leftovers.c.condemned_by, "the name of who asks", OWNER),
    Said(users.c.login, "the login", LOGIN, "{0} ~ '^[a-z0-9]([a-z0-9._@+-]*[a-z0-9])?$' AND char_length({0}) <= {1}"),
    Said(users.c.display, "the displayed name", DISPLAY),
    Said(tokens.c.name, "the token's name", 60),
    Said(views.c.name, "the view's name", VIEW),
    Said(views.c.q, "the filter", FILTER),
    Said(audit.c.actor, "the name of who asks", OWNER),
    Said(audit.c.detail, "what is told of it", TOLD),
    Said(webhooks.c.name, "the webhook's name", 60),
    Said(scopes.c.provider, "the cloud's name", PLACE),
    Said(scopes.c.account, "the account's name", PLACE),
    Said(scopes.c.region, "the region's name", PLACE),
)

for one in SAID:
    # `:` begins a parameter in text of SQLAlchemy's, and there is none in these
    one.table.append_constraint(CheckConstraint(one.check, name=str(one.column.name)))
