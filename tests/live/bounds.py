"""What live tests may spend and for how long, checked before anything is connected."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal, InvalidOperation

MACHINES = 3
"""At most this many at a time; nothing here asks for more."""
LONGEST = timedelta(minutes=20)
"""After this a machine shuts itself down, whatever has become of us."""
_TYPES = {"t4g.nano": Decimal("0.0042"), "t3.nano": Decimal("0.0052")}
"""USD per hour in us-east-1, from AWS's price list (2025)."""
_BESIDES = Decimal("0.005") + Decimal("0.0009")
"""USD per hour: a public IPv4 address, 8 GB of gp3."""
_ELSEWHERE = 2
"""No region costs more than twice as much."""
_TTL = timedelta(seconds=90)
_WAYS = (
    "AWS_ACCESS_KEY_ID",
    "AWS_PROFILE",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
)


class Unfit(Exception):
    """Why the tests do not start, and what to set, in one line."""


@dataclass(frozen=True, slots=True)
class Bounds:
    region: str
    ttl: timedelta
    budget: Decimal
    worst: Decimal
    """USD, if every machine ran until it shuts itself down, in the dearest region."""


def bounds(environ: Mapping[str, str]) -> Bounds:
    """Raises Unfit."""
    if not any(environ.get(name) for name in _WAYS):
        raise Unfit(
            "no AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, and AWS_REGION"
        )
    if environ.get("AWS_ACCESS_KEY_ID") and not environ.get("AWS_SECRET_ACCESS_KEY"):
        raise Unfit("AWS_ACCESS_KEY_ID is set and AWS_SECRET_ACCESS_KEY is not: set both, or AWS_PROFILE alone")
    written = environ.get("IM_LIVE_BUDGET") or "0.05"
    try:
        budget = Decimal(written.lstrip("$"))
    except InvalidOperation:
        raise Unfit(f"IM_LIVE_BUDGET={written} is no amount: set it to USD, like 0.05") from None
    if not budget.is_finite():
        raise Unfit(f"IM_LIVE_BUDGET={written} is no amount: set it to USD, like 0.05")
    seconds = environ.get("IM_LIVE_TTL") or str(int(_TTL.total_seconds()))
    if not seconds.isdecimal() or not 5 <= int(seconds) <= 300:
        raise Unfit(f"IM_LIVE_TTL={seconds} cannot be: set it to 5 to 300 seconds, or unset it for 90")
    hours = Decimal(int(LONGEST.total_seconds())) / 3600
    worst = (MACHINES * hours * _ELSEWHERE * (max(_TYPES.values()) + _BESIDES)).quantize(Decimal("0.0001"))
    if worst > budget:
        raise Unfit(f"this may cost ${worst} and IM_LIVE_BUDGET allows ${budget}: set IM_LIVE_BUDGET={worst} to go on")
    return Bounds(environ.get("AWS_REGION") or "us-east-1", timedelta(seconds=int(seconds)), budget, worst)
