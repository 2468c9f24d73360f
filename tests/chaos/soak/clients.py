"""People: several at once, each asking for machines and changing their minds; every answer is written down as it comes.

A line before each request and one after it. What was answered counts as acknowledged; what raised has an unknown outcome.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

from im.context import Context, open_context
from im.domain.errors import ImError, Refused
from im.domain.intent import Deadline
from im.domain.state import Desired, OnExpiry
from im.providers.request import Ask
from im.providers.runpod.flags import WORKSPACE
from im.services.requests import change as requests_change
from im.services.requests import create, order, result
from tests.chaos.soak import over_http
from tests.chaos.soak.room import REGION, Room
from tests.people import person
from tests.providers.clouds import public_key

_SHELVING = ("digitalocean", "hetzner")
_REMEMBERED = 250
"""Machines that people still talk about; older ones are left to their deadlines."""


@dataclass(frozen=True)
class Manners:
    """How people here behave."""

    requests_per_second: float
    clients: int
    shortest: float = 5.0
    longest: float = 90.0
    """Seconds of a deadline."""
    farthest: float = 100.0
    """Seconds; no deadline is pushed farther out, so that a drain has an end."""
    most_living: int = 160
    """Above so many machines alive, people end more than they begin."""
    clouds: Mapping[str, int] = field(default_factory=lambda: {"aws": 1})
    """How often each is asked for a machine."""


class Pool:
    """The machines that people know of."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._expires: dict[str, datetime] = {}

    def learn(self, changes: tuple[result.Change, ...]) -> None:
        with self._lock:
            for change in changes:
                self._expires.pop(change.after.id, None)
                if change.after.desired is not Desired.TERMINATED:
                    self._expires[change.after.id] = change.after.expires_at
            while len(self._expires) > _REMEMBERED:
                del self._expires[next(iter(self._expires))]

    def know(self, one: str, desired: str, expires_at: datetime) -> None:
        """The same of one, from an answer in text."""
        with self._lock:
            self._expires.pop(one, None)
            if desired != Desired.TERMINATED:
                self._expires[one] = expires_at

    def forget(self, ids: list[str]) -> None:
        with self._lock:
            for one in ids:
                self._expires.pop(one, None)

    def some(self, rng: Random, count: int, *, before: datetime | None = None) -> list[str]:
        with self._lock:
            known = [one for one, at in self._expires.items() if before is None or at < before]
        return rng.sample(known, min(count, len(known)))

    def __len__(self) -> int:
        return len(self._expires)


class Client(threading.Thread):
    """One person at a terminal of their own, on a context of their own."""

    def __init__(
        self, number: int, seed: int, room: Room, pool: Pool, manners: Manners, *, types: bool, browses: bool = False
    ) -> None:
        """`types`: through `im` itself; `browses`: over HTTP, where the room has pages."""
        super().__init__(name=f"client-{number}", daemon=True)
        self._rng = Random(f"{seed}/client/{number}")
        self._room, self._pool, self._manners, self._types = room, pool, manners, types
        self._browses = browses
        self.path = room.folder / f"requests-{number}.jsonl"
        self._over = threading.Event()
        self._asked = 0
        self._key = room.folder / "key.pub"

    def finish(self) -> None:
        self._over.set()

    def run(self) -> None:
        ctx = open_context(self._room.settings)
        pace = self._manners.requests_per_second / self._manners.clients * (0.15 if self._types else 1)
        try:
            with self.path.open("a", buffering=1) as out:
                while not self._over.wait(self._rng.expovariate(pace)):
                    self._once(ctx, out)
        finally:
            ctx.dispose()

    def _once(self, ctx: Context, out: Any) -> None:
        verb = self._choose()
        count = self._rng.choice((1, 1, 1, 2, 3, 5))
        span = round(self._rng.uniform(self._manners.shortest, self._manners.longest), 1)
        ids = []
        if verb != "create":
            room_left = timedelta(seconds=self._manners.farthest - span)
            near = datetime.now(UTC) + room_left if verb == "extend" else None
            ids = self._pool.some(self._rng, count, before=near)
            if not ids:
                return
        self._asked += 1
        (cloud,) = self._rng.choices(list(self._manners.clouds), list(self._manners.clouds.values()))
        note = {"n": self._asked, "verb": verb, "ids": ids, "count": count, "span": span}
        note |= {"cloud": cloud} if verb == "create" else {}
        out.write(json.dumps({**note, "at": time.time(), "is": "asked"}) + "\n")
        answered = self._way(ctx)(verb, ids, count, span, cloud)
        out.write(json.dumps({**note, "at": time.time(), **answered}) + "\n")

    def _way(self, ctx: Context) -> Callable[[str, list[str], int, float, str], dict[str, Any]]:
        versions = self._room.versions
        if versions is not None and self._browses and versions.token:
            return lambda verb, ids, count, span, _: over_http.ask(
                versions, self._pool, self._rng, verb, ids, count, span
            )
        # what is of this version refuses a schema of the one before
        if self._types or (versions is not None and not versions.migrated):
            return self._type
        return partial(self._ask, ctx)

    def _choose(self) -> str:
        crowded = len(self._pool) > self._manners.most_living
        if len(self._pool) < 3:
            return "create"
        weights = (8, 22, 14, 16, 40) if crowded else (34, 24, 13, 14, 15)
        return self._rng.choices(("create", "extend", "stop", "start", "terminate"), weights)[0]

    def _ask(self, ctx: Context, verb: str, ids: list[str], count: int, span: float, cloud: str) -> dict[str, Any]:
        deadline, me = Deadline(by=timedelta(seconds=span)), self.name
        try:
            if verb == "create":
                zone = REGION + self._rng.choice("aab") if cloud == "aws" else None
                ask = Ask(public_key=public_key(), owner=me, zone=zone, options=self._options(cloud))
                ends = OnExpiry.SHELVE if cloud in _SHELVING and self._rng.random() < 0.4 else None
                wish = order.Order(cloud, "default", ask, None, count, deadline, person(me), on_expiry=ends)
                answer = create.create(ctx, wish)
            elif verb == "extend":
                answer = requests_change.extend(ctx, ids, deadline, actor=person(me))
            elif verb == "start":
                answer = requests_change.start(ctx, ids, deadline, actor=person(me))
            elif verb == "stop":
                answer = requests_change.stop(ctx, ids, actor=person(me))
            else:
                answer = requests_change.terminate(ctx, ids, actor=person(me))
        except Refused as exc:
            self._pool.forget(ids)
            return {"is": "refused", "why": str(exc)}
        except ImError as exc:
            return {"is": "unknown", "why": f"{type(exc).__name__}: {exc}"}
        except Exception as exc:  # a connection cut at COMMIT raises whatever the driver raises
            return {"is": "unknown", "why": f"{type(exc).__name__}: {str(exc)[:200]}"}
        self._pool.learn(answer.changes)
        told = [
            [c.after.id, c.after.generation, c.after.desired, c.after.expires_at.isoformat()] for c in answer.changes
        ]
        return {"is": "acknowledged", "rows": told, "rang": answer.rang}

    def _options(self, cloud: str) -> dict[str, str]:
        """A pod of which a stop would keep nothing is ended by its deadline; others are stopped by it."""
        return {WORKSPACE: "no"} if cloud == "runpod" and self._rng.random() < 0.4 else {}

    def _type(self, verb: str, ids: list[str], count: int, span: float, cloud: str) -> dict[str, Any]:
        """The same through `im` itself, as a person or a script types it."""
        versions = self._room.versions
        python = sys.executable if versions is None else versions.python(self._rng)
        environ = self._room.environ if versions is None else versions.environ(python)
        words = [python, "-m", "im.cli.main", verb, "--no-wait", "-q"]
        if verb == "create":
            if not self._key.exists():
                self._key.write_text(public_key() + "\n")
            words += ["-d", f"{round(span)}s", "--count", str(count), "--public-key", str(self._key)]
            words += ["--provider", cloud]
            # else it asks the internet for our address
            words += [] if self._room.neighbours else ["--ssh-from", "none"]
        else:
            words += [*ids, *(["-d", f"{round(span)}s"] if verb in ("extend", "start") else [])]
            words += ["--yes"] if verb == "terminate" else []
        try:
            done = subprocess.run(
                words, env=environ, cwd=Path("/"), capture_output=True, text=True, timeout=90, check=False
            )
        except subprocess.TimeoutExpired:
            return {"is": "unknown", "why": "im did not come back within 90 s"}
        if done.returncode:
            return {"is": "failed", "why": done.stderr.strip()[-300:], "code": done.returncode}
        # -q prints ids alone: of each, the row has to be there
        printed = done.stdout.split()
        if verb in ("create", "extend", "start"):
            for one in printed:
                self._pool.know(one, Desired.RUNNING, datetime.now(UTC) + timedelta(seconds=span))
        return {"is": "printed", "printed": printed}
