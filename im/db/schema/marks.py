"""The table of marks: by scope, which server acted last, how it marked that at the cloud, and what a server that waits has seen."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Integer, Table, Text, false

from im.db.schema.core import metadata, moment

marks = Table(
    "marks",
    metadata,
    Column("scope_id", Integer, ForeignKey("scopes.id"), primary_key=True),
    # the server that acted last: where it is, and when it was started
    Column("place", Text),
    moment("started"),
    # what its machine carries, or is about to; and what it carried before
    Column("mark", Text),
    Column("before", Text),
    Column("machine", Text),
    # why the cloud did not take it
    Column("error", Text),
    # the watch of a server that does not know yet whether it may act
    moment("watcher"),
    moment("watch_since"),
    moment("watch_looked_at"),
    Column("watch_seen", Text),
    Column("watch_moves", Integer),
    # another server acts, so this one does not; and when one that should not act was last seen to
    moment("held_since"),
    # it does not because it was restored from a backup, and knows old deadlines
    Column("restored", Boolean, server_default=false(), nullable=False),
    moment("rival_at"),
)
