"""Prices that a cloud tells in another currency, in US dollars at a dated rate: an estimate, and said to be one."""

from __future__ import annotations

from decimal import Decimal

RATES = {"USD": (Decimal(1), ""), "EUR": (Decimal("1.16"), "2026-11-02")}
"""Currency → US dollars for one, and the day of that rate."""


def in_usd(amount: Decimal, currency: str) -> tuple[Decimal, str] | None:
    """The amount, and in words how it came about; None for a currency that we know no rate of."""
    if currency not in RATES:
        return None
    rate, day = RATES[currency]
    if currency == "USD":
        return amount, "net"
    return amount * rate, f"net, {currency} {amount.normalize():f} at {rate} USD ({day})"
