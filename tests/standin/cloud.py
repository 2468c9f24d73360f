"""The whole stand-in behind the wire: accounts and regions, the time, the delays, the faults, the ledger."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from random import Random
from typing import Any

from tests.standin.clock import Clock, Timeline
from tests.standin.faults import Faults
from tests.standin.ledger import Ledger
from tests.standin.region import Region

ACCOUNT = "123456789012"
"""Whose credentials all are that nobody registered."""

DELAYS: Mapping[str, float] = {
    "launch": 3.0,
    "start": 3.0,
    "stop": 3.0,
    "terminate": 3.0,
    "visible": 0.0,
    "forget": 3600.0,
    "fire": 0.0,
}
"""Seconds: four transitions; until a new machine is shown; for which a terminated one still is; how late a schedule fires."""


class Cloud:
    """Everything is deterministic given `seed`, a stepped clock and the order of the requests."""

    def __init__(self, *, seed: int = 0, start: float | None = None, throttle: bool = False) -> None:
        self.seed = seed
        self._as_new: dict[str, Any] = {"seed": seed, "start": start, "throttle": throttle}
        self.clock = Clock(start)
        self.timeline = Timeline(self.clock)
        self.began = self.timeline.now
        self.throttling = throttle
        self.delays: dict[str, float | Sequence[float]] = dict(DELAYS)
        self.faults = Faults(Random(f"{seed}/faults"))
        self.ledger = Ledger()
        self.accounts: dict[str, str] = {}
        """Access key id → account, for those that are not ACCOUNT."""
        self.identities: dict[str, dict[str, str]] = {}
        """Access key id → what STS says of it, for assumed roles."""
        self.closed: set[tuple[str, str]] = set()
        """(account, region) that the account has not enabled: its credentials are unknown there."""
        self.roles: dict[str, dict[str, Any]] = {}
        """ARN → `trust` and `rights`, statements of policies, of the roles that IAM knows."""
        self.regions: dict[tuple[str, str], Region] = {}
        self.prices: dict[tuple[str, str], Decimal] = {}
        """(region, type or disk type) → USD, where the list price is another one than usual."""
        self.cause = "clock"
        """Why things change now: a request id, `outside`, or a schedule's name."""
        self._rng = Random(f"{seed}/delays")
        self._requests = 0

    def reset(self) -> None:
        """Forget everything; whoever holds this cloud holds an empty one now."""
        self.__dict__.update(Cloud(**self._as_new).__dict__)

    @property
    def now(self) -> float:
        return self.timeline.now

    def region(self, account: str, name: str) -> Region:
        key = (account, name)
        if key not in self.regions:
            self.regions[key] = Region(self, account, name)
        return self.regions[key]

    def delay(self, name: str) -> float:
        """Seconds; a range is drawn from, evenly."""
        given = self.delays[name]
        return float(given) if isinstance(given, int | float) else self._rng.uniform(*given)

    def request_id(self) -> str:
        self._requests += 1
        return f"00000000-0000-4000-8000-{self._requests:012d}"

    def configure(self, **given: Any) -> None:
        """`delays` (merged), `throttle`, `skew`, `accounts` (merged). Raises ValueError for anything else."""
        delays = given.pop("delays", {})
        if unknown := set(delays) - set(DELAYS):
            raise ValueError(f"no such delay: {', '.join(sorted(unknown))}")
        self.delays |= delays
        self.throttling = given.pop("throttle", self.throttling)
        self.clock.skew = given.pop("skew", self.clock.skew)
        self.accounts |= given.pop("accounts", {})
        if given:
            raise ValueError(f"nothing to configure: {', '.join(sorted(given))}")
