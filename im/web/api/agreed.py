"""What a client has seen is what is changed: the generations it agreed to are compared under the lock that the change holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from im.db.instances import requests
from im.domain.errors import Superseded
from im.views.words.times import names
from im.web.api.asker import Asker

if TYPE_CHECKING:
    from sqlalchemy import Connection


def agreed(asker: Asker, generations: Mapping[str, int]) -> Asker:
    """The same asker, whose next request is refused (Superseded) where one of these has another generation by then."""
    before = asker.ctx.beside

    def beside(connection: Connection) -> None:
        if before is not None:
            before(connection)
        rows = requests.lock(connection, list(generations))
        changed = [row for row in rows if row.generation != generations[row.id]]
        if changed:
            raise Superseded(
                f"{names(changed)} {'has' if len(changed) == 1 else 'have'} changed since (last by {changed[0].by}),"
                " and nothing was stored",
                "look again, and ask once more",
            )

    return replace(asker, ctx=replace(asker.ctx, beside=beside))
