"""How often one may ask: by token what is read and written, by address who shows a token that is none."""

from __future__ import annotations

import math
import time
from enum import Enum

from limits import RateLimitItem, RateLimitItemPerMinute, RateLimitItemPerSecond
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from im.domain.errors import ImError


class Pace(Enum):
    """So many in a span; a burst is a whole span's at once."""

    READS = RateLimitItemPerSecond(50, 5)
    WRITES = RateLimitItemPerSecond(20, 10)
    STRANGERS = RateLimitItemPerMinute(10)
    """Tokens that are none, of one address."""
    SIGN_INS = RateLimitItemPerMinute(5)
    """Of a browser, in vain: of one address, and with one token."""

    @property
    def limit(self) -> RateLimitItem:
        limit: RateLimitItem = self.value
        return limit


class TooMany(ImError):
    """Asked too often; `after`: in so many seconds there is room again."""

    code = "too_many_requests"

    def __init__(self, pace: Pace, after: int) -> None:
        what = {Pace.READS: "looks", Pace.WRITES: "requests", Pace.STRANGERS: "wrong tokens"}
        super().__init__(f"too many {what.get(pace, 'attempts to sign in')} in a short time", f"wait {after} s")
        self.after = after


class Rates:
    """Counted in this process: there is one `im web`, and several give each client as many times as much."""

    def __init__(self) -> None:
        self._window = MovingWindowRateLimiter(MemoryStorage())

    def take(self, pace: Pace, who: str) -> None:
        """Raises TooMany when there is none left."""
        if not self._window.hit(pace.limit, pace.name, who):
            raise self._refusal(pace, who)

    def check(self, pace: Pace, who: str) -> None:
        """The same without taking one."""
        if not self._window.test(pace.limit, pace.name, who):
            raise self._refusal(pace, who)

    def left(self, pace: Pace, who: str) -> tuple[int, int]:
        """How many are left, and in how many seconds there are more."""
        stats = self._window.get_window_stats(pace.limit, pace.name, who)
        return stats.remaining, max(0, math.ceil(stats.reset_time - time.time()))

    def _refusal(self, pace: Pace, who: str) -> TooMany:
        return TooMany(pace, max(1, self.left(pace, who)[1]))
