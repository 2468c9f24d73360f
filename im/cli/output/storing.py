"""A request is sent to be stored; where a budget cannot be kept because a price is not known yet, a worker is given time to ask."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from im.cli.output.errors import note
from im.domain.money.unknown_price import PriceUnknown

if TYPE_CHECKING:
    from im.cli.backend.port import Requests
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
    requests, until = session.backend.requests, 0.0
    while True:
        try:
            with session.storing(what):
                return request()
        except PriceUnknown as exc:
            session.in_doubt = False
            if not requests.price_may_come(exc):
                raise
            if not until:
                note("a worker is asked for the price, so that the budget can be kept")
                until = monotonic() + PATIENCE
            if not _comes(requests, exc, until, pause, monotonic):
                raise


def _comes(
    requests: Requests,
    unknown: PriceUnknown,
    until: float,
    pause: Callable[[float], None],
    monotonic: Callable[[], float],
) -> bool:
    while monotonic() < until:
        pause(LOOK_EVERY)
        if requests.price_is_there(unknown):
            return True
    return False
