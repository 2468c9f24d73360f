"""Where it is counted how often somebody asks: at the broker, for every process of the deployment and beyond a restart of any.

A broker that is away costs the one request that finds it out half a second, and nobody an answer: until it is back, each process
counts in its own memory. What the broker keeps says of nobody who they are.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING, TypeVar

from limits import RateLimitItemPerSecond
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import MovingWindowRateLimiter

from im.broker import shown
from im.db import deployment
from im.domain.errors import ImError
from im.logs import log
from im.queue.store import connections
from im.queue.unanswered import no_answer

if TYPE_CHECKING:
    from im.context import Context
    from im.settings import Settings

T = TypeVar("T")
PATIENCE = 0.25
"""Seconds for the broker to be connected to, and to answer."""
AGAIN = 5.0
"""Seconds between two questions whether a broker that was away is back."""
PREFIX = "im.rates"
"""Of every key; the rule for the broker's user in docs/security.md admits `im.*`."""
_PROBE = RateLimitItemPerSecond(1000)


class Counts:
    """In memory, unless it is `of` a deployment that has a broker; used by many threads."""

    def __init__(self) -> None:
        self._memory = MovingWindowRateLimiter(MemoryStorage())

    @classmethod
    def of(cls, ctx: Context) -> Counts:
        return _AtBroker(ctx) if ctx.settings.broker_url else cls()

    def by(self, how: Callable[[MovingWindowRateLimiter, str], T], who: str) -> T:
        """`how` is given the counter, and what to call `who` there."""
        return how(self._memory, who)

    def close(self) -> None:
        pass


class _AtBroker(Counts):
    def __init__(self, ctx: Context) -> None:
        super().__init__()
        self._ctx = ctx
        self._lock = Lock()
        self._shared: MovingWindowRateLimiter | None = None
        self._away = False
        self._closed = Event()
        self._key = b""

    def by(self, how: Callable[[MovingWindowRateLimiter, str], T], who: str) -> T:
        name = self._name(who)
        if not self._away:
            try:
                return how(self._at_broker(), name)
            except Exception as exc:  # whatever it is, it is no reason to serve nobody
                self._went_away(exc)
        return how(self._memory, name)

    def close(self) -> None:
        self._closed.set()
        with self._lock:
            shared, self._shared = self._shared, None
        if shared is not None:
            assert isinstance(shared.storage, RedisStorage)
            shared.storage.storage.connection_pool.disconnect()

    def _name(self, who: str) -> str:
        """By a key that the broker does not have: an address or the beginning of a token would be found by trying all of them."""
        if not self._key:
            with self._ctx.begin() as connection:
                self._key = deployment.read_id(connection).encode()
        return hashlib.blake2b(who.encode(), key=self._key, digest_size=16).hexdigest()

    def _at_broker(self) -> MovingWindowRateLimiter:
        with self._lock:
            if self._shared is None:
                pool = connections(self._ctx.settings.broker_url, PATIENCE)
                self._shared = MovingWindowRateLimiter(
                    RedisStorage("redis://", connection_pool=pool, key_prefix=PREFIX)
                )
            return self._shared

    def _went_away(self, exc: Exception) -> None:
        with self._lock:
            if self._away:
                return
            self._away = True
        log.warning(
            "requests are counted by this process alone until the broker is back", error=_told(self._ctx.settings, exc)
        )
        Thread(target=self._wait, name="im-rates", daemon=True).start()

    def _wait(self) -> None:
        """Until it counts again: one asks, and no request waits for it meanwhile."""
        while not self._closed.wait(AGAIN):
            try:
                self._at_broker().hit(_PROBE, "probe")
            except Exception:  # noqa: S112  # it was told of when it went away
                continue
            self._away = False
            log.info("requests are counted at the broker again", broker=shown(self._ctx.settings.broker_url))
            return


def _told(settings: Settings, exc: Exception) -> str:
    error = exc if isinstance(exc, ImError) else no_answer(settings, exc)
    return f"{error.message}; {error.hint}"
