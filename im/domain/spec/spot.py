"""Spot: a machine from the cloud's spare room, cheaper, and taken back when the cloud needs it.

A persistent one is stopped by an interruption and by its deadline, and wakes again; a one-time one ends with either.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from im.domain.errors import Refused

SPOT = "spot"
"""As it stands in a price's market."""
PERSISTENT, ONCE = "persistent", "one-time"
"""What people write, and read, of the two kinds."""
DEAREST = Decimal(1000)
"""USD per hour; no machine costs that much."""


@dataclass(frozen=True, slots=True)
class Spot:
    """On which terms a machine is lent."""

    once: bool = False
    """It cannot be stopped: an interruption or the deadline terminates it."""
    max_price: Decimal | None = None
    """USD per hour above which it is taken back; None: what the machine costs on demand."""

    @property
    def sentence(self) -> str:
        most = f"at most ${self.max_price:f} an hour" if self.max_price is not None else "never more than on demand"
        if self.once:
            return f"one-time, {most}: its deadline and an interruption terminate it"
        return f"persistent, {most}: its deadline and an interruption stop it"


def only_of_spot(most: Decimal) -> Refused:
    """A maximum was named, and no spot machine asked for."""
    return Refused("only a spot machine has a maximum price", f"add --spot, as in --spot --max-price {most:f}")


def parse_max_price(written: str) -> Decimal:
    """USD per hour, written like 0.05. Raises Refused with the nearest right form."""
    text = written.strip()
    if re.fullmatch(r"\d{1,4}(\.\d{1,6})?", text, re.ASCII) and 0 < Decimal(text) <= DEAREST:
        return Decimal(text)
    if re.fullmatch(r"[0.]+", text):
        raise Refused("nothing is to be had for a maximum of $0 an hour", "leave --max-price out to pay the spot price")
    if text.startswith("-"):
        raise Refused(f"'{text[:20]}' cannot be a price", "write USD per hour, like --max-price 0.05")
    bare = re.fullmatch(
        r"\$?\s*(\d{0,4})(?:[.,](\d{1,6}))?\s*(?:\$|usd)?(?:/h(?:our)?)?", text, re.ASCII | re.IGNORECASE
    )
    near = f"{bare[1] or '0'}{'.' + bare[2] if bare[2] else ''}" if bare and (bare[1] or bare[2]) else ""
    if near and 0 < Decimal(near) <= DEAREST:
        raise Refused(f"'{text[:20]}' is not a price as im reads them", f"did you mean --max-price {near}?")
    if re.fullmatch(r"\d+(\.\d+)?", text, re.ASCII):
        if Decimal(text) > DEAREST:
            raise Refused(
                f"${text[:20]} an hour is more than any machine costs",
                "leave --max-price out: spot is never dearer than on demand",
            )
        raise Refused(f"'{text[:20]}' is finer than prices are", f"did you mean --max-price {Decimal(text):.6f}?")
    raise Refused(f"'{text[:20]}' is not a price", "write USD per hour, like --max-price 0.05")
