"""Whether anything limits what people may have. SQL by the driver alone; see `im.db.read.connection`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from im.db.read.connection import ReadTransaction, ask

if TYPE_CHECKING:
    from sqlalchemy import Connection


def are_there_any(connection: Connection | ReadTransaction) -> bool:
    """Is there a quota or a budget, whoever's it is? Takes no lock."""
    ((found,),) = ask(connection, "SELECT EXISTS (SELECT FROM quotas) OR EXISTS (SELECT FROM budgets)")
    return bool(found)
