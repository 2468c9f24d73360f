"""Lanes: work on several scopes side by side, so that a cloud or an account that does not answer holds up nobody but itself.

A process of a worker has few hands. Whoever waits for a cloud for longer than a moment goes on waiting in a thread of its own,
and the process turns to the next message. While that thread waits, nothing else of this process begins on the same lane: what comes
meanwhile is done once more at its end. Safe because every step is leased in Postgres and may be cut off at any point.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeVar

from im.logs import log

if TYPE_CHECKING:  # and with it logging: a command line has no threads
    from concurrent.futures import Future

    from im.domain.scope import Scope

T = TypeVar("T")

PATIENCE = 1.0
"""Seconds for which a process waits for its lanes; most calls of a cloud that is well take less."""
STUCK_AFTER = 180.0
"""Seconds after which a lane that never ended is entered again: every single call has its time-outs, and they are below this."""
_WIDTH = 16


@dataclass(frozen=True, slots=True)
class Lane:
    """One kind of work in one place: at most one thread of a process is in it."""

    kind: str
    place: str
    account: str
    """Slow in one lane, slow in all: credentials and limits are the account's."""

    def __str__(self) -> str:
        return f"{self.kind} {self.place}"


def lane_of(kind: str, scope: Scope) -> Lane:
    return Lane(kind, str(scope), f"{scope.provider}/{scope.account}")


class Lanes(Protocol):
    def run(self, works: Mapping[Lane, Callable[[], T]]) -> dict[Lane, T]:
        """Do each work in the lane that it is listed under; returns what has ended by now. Raises what one of them raised,
        when all have been tried."""
        ...

    def finish(self, within: float) -> bool:
        """Wait at most so many seconds for what is still under way; did all of it end?"""
        ...


class Sequential:
    """One after the other, each to its end: for the command line, and for tests that move the clock."""

    def run(self, works: Mapping[Lane, Callable[[], T]]) -> dict[Lane, T]:
        done: dict[Lane, T] = {}
        failed: list[Exception] = []
        for key, work in works.items():
            try:
                done[key] = work()
            except Exception as exc:
                failed.append(exc)
        if failed:
            raise failed[0]
        return done

    def finish(self, within: float) -> bool:
        return True


class Threaded:
    """Threads. An account that was slow last time is not waited for at all, until it is quick again."""

    def __init__(self, patience: float = PATIENCE, forgotten: float = STUCK_AFTER) -> None:
        self._patience = patience
        self._forgotten = forgotten
        self._lock = threading.Lock()
        self._busy: dict[Lane, _Turn] = {}
        self._slow: set[Lane] = set()

    def run(self, works: Mapping[Lane, Callable[[], T]]) -> dict[Lane, T]:
        from concurrent.futures import wait

        done: dict[Lane, T] = {}
        failed: list[BaseException] = []
        with self._lock:
            slow = {lane.account for lane in self._slow}
        # the slow ones first: they are on their way while the others are waited for
        listed = sorted(works, key=lambda lane: lane.account not in slow)
        for at in range(0, len(listed), _WIDTH):
            begun = {lane: future for lane in listed[at : at + _WIDTH] if (future := self._enter(lane, works[lane]))}
            wait([future for lane, future in begun.items() if lane.account not in slow], self._patience)
            for lane, future in begun.items():
                if not future.done():
                    self._leave_alone(lane, future)
                elif (exc := future.exception()) is not None:
                    failed.append(exc)
                else:
                    done[lane] = future.result()
        if failed:
            raise failed[0]
        return done

    def finish(self, within: float) -> bool:
        until = time.monotonic() + within
        while (left := until - time.monotonic()) > 0:
            with self._lock:
                threads = [turn.thread for turn in self._busy.values()]
            if not threads:
                return True
            threads[0].join(left)
        return False

    def _enter(self, lane: Lane, work: Callable[[], T]) -> Future[T] | None:
        """None when somebody is in that lane: they will do it once more."""
        from concurrent.futures import Future

        with self._lock:
            there = self._busy.get(lane)
            if there is not None and time.monotonic() - there.since < self._forgotten:
                there.again = work
                return None
            future: Future[T] = Future()
            turn = _Turn()
            turn.thread = threading.Thread(target=self._drive, args=(lane, turn, work, future), daemon=True)
            self._busy[lane] = turn
            turn.thread.start()
        if there is not None:
            log.error("a lane never ended, and is entered again", lane=str(lane))
        return future

    def _drive(self, lane: Lane, turn: _Turn, work: Callable[[], T], future: Future[T]) -> None:
        began = time.monotonic()
        try:
            answer = work()
        except BaseException as exc:
            self._judge(lane, time.monotonic() - began)
            future.set_exception(exc)
        else:
            self._judge(lane, time.monotonic() - began)
            future.set_result(answer)
        while (more := self._next(lane, turn)) is not None:
            try:
                more()
            except Exception as exc:
                _say_failed(lane, exc)

    def _judge(self, lane: Lane, took: float) -> None:
        with self._lock:
            (self._slow.discard if took < self._patience else self._slow.add)(lane)

    def _next(self, lane: Lane, turn: _Turn) -> Callable[[], object] | None:
        """What came meanwhile; None, and the lane is free, when nothing did."""
        with self._lock:
            more, turn.again = turn.again, None
            if more is None and self._busy.get(lane) is turn:
                del self._busy[lane]
            return more

    def _leave_alone(self, lane: Lane, future: Future[T]) -> None:
        with self._lock:
            if not future.done():
                self._slow.add(lane)
        future.add_done_callback(lambda ended: _say_late(lane, ended))


class _Turn:
    """Who is in a lane, since when (a steady clock's seconds), and what is to be done once more."""

    def __init__(self) -> None:
        self.since = time.monotonic()
        self.again: Callable[[], object] | None = None
        self.thread = threading.current_thread()


def _say_late(lane: Lane, ended: Future[T]) -> None:
    exc = ended.exception()
    if exc is not None:
        _say_failed(lane, exc)
    elif ended.result():
        log.info("done, while others went on", lane=str(lane), did=str(ended.result())[:300])


def _say_failed(lane: Lane, exc: BaseException) -> None:
    log.error(
        "work on a lane failed; the next tick tries again", lane=str(lane), error=f"{type(exc).__name__}: {exc}"[:300]
    )
