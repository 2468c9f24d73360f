"""What `im doctor` says of webhooks: are messages taken, or do they pile up, and whose?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from im.db.webhooks import deliveries
from im.domain.input.listed import listed
from im.providers.contract import Check

if TYPE_CHECKING:
    from sqlalchemy import Connection


def checks(connection: Connection, now: datetime) -> Iterator[Check]:
    found = deliveries.standing(connection, now)
    detail = f"{found.taken} taken in the last day"
    if found.waiting:
        detail += f", {found.waiting} not taken so far and sent again"
    if found.dead:
        detail += f", {found.dead} given up"
    if not (found.waiting or found.dead):
        yield Check("webhooks", ok=True, detail=detail)
        return
    detail += f", of {listed(found.failing, 3)}" if found.failing else ""
    detail += f": {found.error}" if found.error else ": no worker has sent them yet"
    name = found.failing[0] if found.failing else "NAME"
    yield Check(
        "webhooks", ok=False, detail=detail, fix=f"im webhook deliveries {name}; mend it, and im webhook resend {name}"
    )
