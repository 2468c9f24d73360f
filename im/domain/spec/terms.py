"""What a cloud tells of one machine alone, where it tells that: where its ssh answers, its own price, until when its host lends it.

It is carried by the notes of the machine's provider, as `im.domain.instance.WAITS_FOR` is, and written with the facts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, InvalidOperation
from types import MappingProxyType
from typing import Any

SSH_HOST, SSH_PORT, PRICES, LENT_UNTIL = "ssh_host", "ssh_port", "prices", "lent_until"
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.:-]{0,252})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Terms:
    """Empty where its cloud says nothing of its own."""

    ssh_host: str = ""
    """A name or an address; empty: the machine's own address."""
    ssh_port: int | None = None
    """None: the usual one."""
    prices: Mapping[str, Decimal] = field(default_factory=dict)
    """Name of an item (`im.domain.money.bill`: its type, `disk:host`) → USD an hour, or a GB and month."""
    lent_until: datetime | None = None
    """When its host takes it back (UTC), whatever its deadline says."""

    def as_notes(self) -> dict[str, Any]:
        """For a sighting's notes: JSON values, nothing of what is not told."""
        told = {
            SSH_HOST: self.ssh_host,
            SSH_PORT: self.ssh_port,
            PRICES: {name: str(usd) for name, usd in self.prices.items()},
            LENT_UNTIL: self.lent_until.isoformat() if self.lent_until else None,
        }
        return {key: value for key, value in told.items() if value}


_NOTHING_TOLD = Terms(prices=MappingProxyType({}))


def terms_in(notes: Mapping[str, Any]) -> Terms:
    """What of it the notes tell; what is written otherwise than here tells nothing, for a host ends up on a command line."""
    if not notes:
        return _NOTHING_TOLD
    host, port = notes.get(SSH_HOST), notes.get(SSH_PORT)
    prices = notes.get(PRICES)
    return Terms(
        host if isinstance(host, str) and _HOST.fullmatch(host) else "",
        port if isinstance(port, int) and 0 < port < 65536 else None,
        {name: usd for name, told in prices.items() if (usd := _usd(told)) is not None}
        if isinstance(prices, Mapping)
        else {},
        _moment(notes.get(LENT_UNTIL)),
    )


def _usd(told: object) -> Decimal | None:
    try:
        usd = Decimal(str(told))
    except InvalidOperation:
        return None
    return usd if usd.is_finite() and usd >= 0 else None


def _moment(told: object) -> datetime | None:
    try:
        at = datetime.fromisoformat(str(told))
    except ValueError:
        return None
    return at if at.tzinfo is not None else None
