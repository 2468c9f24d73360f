"""A request is sent to be stored; where a budget cannot be kept because a price is not known yet, a worker is given time to ask."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from im.cli.output.errors import note
from im.domain.money.budget import PriceUnknown

if TYPE_CHECKING:
    from im.cli.session import Session
    from im.services.requests.result import Answer

PATIENCE, LOOK_EVERY = 6.0, 0.3
"""Seconds: a worker that lives has asked a cloud's price list within two."""


def store(
    session: Session,
    what: str,
    request: Callable[[], Answer],
    *,
    pause: Callable[[float], None] = time.sleep,
    monotonic: Callable[[], float] = time.monotonic,
) -> Answer:
    """What `request` answers, which stores `what`. Raises PriceUnknown only once no worker has told the price."""
    try:
        with session.storing(what):
            return request()
    except PriceUnknown as exc:
        session.in_doubt = False
        if not _told_meanwhile(session, exc, pause, monotonic):
            raise
    with session.storing(what):
        return request()


def _told_meanwhile(
    session: Session, unknown: PriceUnknown, pause: Callable[[float], None], monotonic: Callable[[], float]
) -> bool:
    from im.services.money import budgets

    if not budgets.can_be_asked(session.context, unknown):
        return False
    note("a worker is asked for the price, so that the budget can be kept")
    began = monotonic()
    while monotonic() - began < PATIENCE:
        pause(LOOK_EVERY)
        if budgets.is_told(session.context, unknown):
            return True
    return False
