"""resumption: what a copied or restored database would do if it were told to act, for people to see before they say so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from im.domain.explain.resumption import ENDED_BY_IT, Resumption, consequences
from im.services import queries

if TYPE_CHECKING:
    from im.context import Context


def planned(ctx: Context) -> Resumption:
    """By what is stored, as the last listings have shown the machines; without holds there is nothing to resume."""
    seen = queries.listing(ctx)
    held = tuple(hold for hold in seen.holds if hold.kind in ENDED_BY_IT)
    return Resumption(seen.now, held, consequences(seen.rows, seen.now))
