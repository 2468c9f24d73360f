"""Money as Decimal US dollars, and how people read it. Never a float: a ledger has to add up."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

CENT = Decimal("0.01")
ZERO = Decimal(0)
_TENTH, _FOURTH_PLACE, _MILLIONTH = Decimal("0.1"), Decimal("0.0001"), Decimal("0.000001")


def cents(amount: Decimal) -> Decimal:
    """Rounded to the cent, half up, as invoices are; only what is shown is rounded, never what is added."""
    return amount.quantize(CENT, ROUND_HALF_UP)


def show(amount: Decimal) -> str:
    """`$1.23`; below ten cents with as many digits as say something, `$0.0058`; `$0` for nothing."""
    if amount == 0:
        return "$0"
    small = abs(amount)
    if small >= _TENTH:
        places = CENT
    else:
        places = _FOURTH_PLACE if small >= _FOURTH_PLACE else _MILLIONTH
    rounded = amount.quantize(places, ROUND_HALF_UP)
    if rounded == 0:
        return "<$0.000001"
    sign = "-" if rounded < 0 else ""
    digits = f"{abs(rounded):,f}"
    return f"{sign}${digits if small >= _TENTH else _without_empty_end(digits)}"


def show_rate(usd_per_hour: Decimal) -> str:
    """`$0.0116/h`."""
    return f"{show(usd_per_hour)}/h"


def exact(amount: Decimal | None) -> str | None:
    """As JSON and CSV carry it: plain digits, USD, to the millionth; None where the price is not known."""
    if amount is None:
        return None
    return str(amount.quantize(_MILLIONTH, ROUND_HALF_UP))  # which has no exponent: it begins below a millionth


def unrounded(amount: Decimal | None) -> str | None:
    """All the digits there are, for who adds them up."""
    if not amount:
        return None if amount is None else "0"
    digits = str(amount.normalize())  # in half the time that it takes to format it
    return digits if "E" not in digits else f"{amount.normalize():f}"


def _without_empty_end(digits: str) -> str:
    trimmed = digits.rstrip("0")
    missing = 2 - len(trimmed.partition(".")[2])
    return trimmed + "0" * max(0, missing)
