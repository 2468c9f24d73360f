"""How often an account may do what, as the settings tell it: over what a provider's profile knows of any account.

    IM_LIMITS="stop=20/200, stop.machines=200/10000, prod/launch=10/50, describe=none"

In words: calls of stop 20 a second after 200 at once; the machines they name, 200 a second after 10,000; launches of the account
`prod` alone; and describing as often as we like. An account's own line goes before the one for all accounts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from im.domain.errors import Refused, near
from im.domain.rate_limit import Rate

MACHINES = ".machines"
"""Behind a verb: the machines that its calls name, all together."""
CALLS = ("launch", "start", "stop", "terminate", "describe", "label", "guard")
NAMED = tuple(f"{verb}{MACHINES}" for verb in ("start", "stop", "terminate"))

_LIMIT = re.compile(r"(?:(?P<account>[\w.-]+)/)?(?P<what>[\w.]+)\s*=\s*(?P<rate>\S+)", re.ASCII)
_RATE = re.compile(r"(?P<per_second>\d{1,6}(?:\.\d{1,3})?)/(?P<burst>\d{1,7})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Limit:
    """`what` is a verb of the provider contract, with `.machines` or without; no rate, no limit. An empty account is any."""

    what: str
    rate: Rate | None
    account: str = ""


def parse_limits(given: object) -> tuple[Limit, ...]:
    """Comma-separated `what=per second/at once`, or `what=none`. Raises Refused, naming what cannot be read."""
    return tuple(_limit(one.strip()) for one in re.split(r"[,\n]", str(given)) if one.strip())


def _limit(written: str) -> Limit:
    hint = "write what=per second/at once, like stop=20/200 or stop.machines=none"
    found = _LIMIT.fullmatch(written)
    if not found:
        raise Refused(f"IM_LIMITS: '{written[:40]}' is no limit", hint)
    what, known = found["what"], (*CALLS, *NAMED)
    if what not in known:
        alike = near(what, known)
        more = f"did you mean {alike[0]}?" if alike else f"known: {', '.join(known)}"
        raise Refused(f"IM_LIMITS: nothing is limited by the name '{what[:40]}'", more)
    account = found["account"] or ""
    if found["rate"] == "none":
        return Limit(what, None, account)
    rate = _RATE.fullmatch(found["rate"])
    if not rate or not float(rate["per_second"]) or not int(rate["burst"]):
        raise Refused(f"IM_LIMITS: '{written[:40]}' has no rate", f"{hint}; both are more than 0")
    return Limit(what, Rate(float(rate["per_second"]), int(rate["burst"])), account)


def calls_of(known: Mapping[str, Rate], limits: Sequence[Limit], account: str) -> dict[str, Rate]:
    """Verb → how often the calls may come, for `account`."""
    return _over(known, [one for one in limits if one.what in CALLS], account)


def machines_of(known: Mapping[str, Rate], limits: Sequence[Limit], account: str) -> dict[str, Rate]:
    """Verb → how many machines its calls may name, for `account`."""
    named = [Limit(one.what.removesuffix(MACHINES), one.rate, one.account) for one in limits if one.what in NAMED]
    return _over(known, named, account)


def _over(known: Mapping[str, Rate], limits: Sequence[Limit], account: str) -> dict[str, Rate]:
    told = {one.what: one.rate for one in limits if not one.account}
    told |= {one.what: one.rate for one in limits if one.account == account}
    return {verb: rate for verb, rate in {**known, **told}.items() if rate is not None}
