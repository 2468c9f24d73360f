"""Whether messages were put down in a transaction, for whoever rings once it is committed; imported with every transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlalchemy import Connection

_MARK = "im_messages_put_down"


def mark(connection: Connection) -> None:
    """Of this transaction alone: the next one on the same connection begins without it."""
    connection.execution_options(**{_MARK: True})


def marked(connection: Connection) -> bool:
    return _MARK in connection.get_execution_options()
