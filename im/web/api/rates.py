"""How often one may ask: by token what is read and written, by address who shows a token that is none."""

from __future__ import annotations

import math
import time
from enum import Enum

from limits import RateLimitItem, RateLimitItemPerMinute, RateLimitItemPerSecond

from im.domain.errors import ImError
from im.web.api.counts import Counts

MOST_BARRED = 10_000
"""Beyond so many, those whose time is over are forgotten."""


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
    """By `counts`: of one process, or of all of a deployment."""

    def __init__(self, counts: Counts) -> None:
        self._counts = counts
        self._barred: dict[tuple[Pace, str], float] = {}
        """Until when, by this process' own clock."""

    def close(self) -> None:
        self._counts.close()

    def take(self, pace: Pace, who: str) -> None:
        """Raises TooMany when there is none left."""
        if not self._counts.by(lambda window, name: window.hit(pace.limit, pace.name, name), who):
            raise self._refusal(pace, who)

    def check(self, pace: Pace, who: str) -> None:
        """The same without taking one."""
        if not self._counts.by(lambda window, name: window.test(pace.limit, pace.name, name), who):
            raise self._refusal(pace, who)

    def strike(self, pace: Pace, who: str) -> None:
        """Take one for what was in vain; whoever has none left then is barred until there is room. Raises TooMany."""
        try:
            self.take(pace, who)
        except TooMany as exc:
            self._bar(pace, who, exc.after)
            raise
        remaining, after = self.left(pace, who)
        if remaining <= 0:
            self._bar(pace, who, after)

    def admit(self, pace: Pace, who: str) -> None:
        """Raises TooMany for whom this process has barred. It asks nobody, for it comes before each request: of those that another
        process has barred, one more attempt is needed to know."""
        if (until := self._barred.get((pace, who))) is not None and (left := until - time.monotonic()) > 0:
            raise TooMany(pace, max(1, math.ceil(left)))

    def _bar(self, pace: Pace, who: str, seconds: int) -> None:
        now = time.monotonic()
        if len(self._barred) >= MOST_BARRED:
            self._barred = {key: until for key, until in self._barred.items() if until > now}
        self._barred[pace, who] = now + seconds

    def left(self, pace: Pace, who: str) -> tuple[int, int]:
        """How many are left, and in how many seconds there are more."""
        stats = self._counts.by(lambda window, name: window.get_window_stats(pace.limit, pace.name, name), who)
        return stats.remaining, max(0, math.ceil(stats.reset_time - time.time()))

    def _refusal(self, pace: Pace, who: str) -> TooMany:
        return TooMany(pace, max(1, self.left(pace, who)[1]))
