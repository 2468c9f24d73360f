"""A cloud beside EC2 in the room: its stand-in, a door before it that trouble stands in, and a diary of its machines."""

from __future__ import annotations

import json
import secrets
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import TYPE_CHECKING, Any

from im.standins.service import Service, server_on
from tests.chaos.shown import ACCOUNT, KINDS, Seen, Shown
from tests.standin.ledger import Change

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

NEIGHBOURS = tuple(name for name in KINDS if name != "kubernetes")  # where nobody has said how a console moves things
_LOOKS_EVERY = 0.2
"""Seconds between looks at what time alone has changed; what a call has changed is seen at once."""
_GIVEN_UP = 25.0
"""Seconds after which whoever asked has hung up for certain: nothing is carried out then that nobody waits for."""


@dataclass
class Trouble:
    """What becomes of each call meanwhile."""

    hangs: bool = False
    """Nothing is answered. Some calls are carried out at once all the same, some late, and some never."""
    uses_up: bool = False
    """The account's calls are used up by somebody else, again and again."""
    fails: float = 0.0
    """The share of calls that are answered by 503, and not carried out."""
    loses: int = 0
    """Of so many calls that change something, the answer is lost: they are carried out, and 504 is told."""
    denies: bool = False


class Neighbour:
    """Safe to be used by many threads."""

    def __init__(self, name: str, seed: int, takes: Any) -> None:
        kind, shown = KINDS[name]
        self.name, self._secret = name, secrets.token_hex(8)
        make: Callable[..., Service] = kind
        self.service = make(self._secret, takes=takes)
        self.shown: Shown = shown(self.service)
        self.trouble = Trouble()
        self.changes: list[Change] = []
        self.seen: dict[str, Seen] = {}
        """Every machine that there ever was, as it was seen last."""
        self._rng = Random(f"{seed}/{name}")
        self._calm = threading.Event()
        self._calm.set()
        self._over = threading.Event()
        self._server = server_on("127.0.0.1", 0, self)
        self._threads = [
            threading.Thread(target=self._server.serve_forever, name=name, daemon=True),
            threading.Thread(target=self._watch, name=f"diary of {name}", daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    @property
    def url(self) -> str:
        """As IM_SANDBOX_URL has it."""
        return f"http://sandbox:{self._secret}@127.0.0.1:{self._server.server_port}"

    def clock(self) -> datetime:
        return self.service.clock()

    def close(self) -> None:
        self._over.set()
        self._calm.set()
        self._server.shutdown()
        for thread in self._threads:
            thread.join()
        self._server.server_close()

    # ---- the door ----------------------------------------------------------------------------------------------------

    def disturb(self, **trouble: Any) -> None:
        """Instead of whatever was wrong before; without a word: all is well again."""
        with self.service.lock:
            if self.trouble.uses_up:
                self.shown.refill()
            self.trouble = Trouble(**trouble)
        (self._calm.clear if self.trouble.hangs else self._calm.set)()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        changes = environ["REQUEST_METHOD"] not in ("GET", "HEAD")
        with self.service.lock:
            meanwhile = self.trouble
            chance = self._rng.random()
            lost = changes and meanwhile.loses > 0
            if lost:
                meanwhile.loses -= 1
            if meanwhile.uses_up and chance < 0.7:
                self.shown.use_up()
        if meanwhile.hangs:
            return self._hang(environ, start_response, chance)
        if meanwhile.denies:
            refusal = self.service.not_let_in()
            return _answer(start_response, f"{refusal.status} No", json.dumps(refusal.body))
        if chance < meanwhile.fails:
            return _answer(start_response, "503 Service Unavailable", '{"message": "try again"}')
        if lost:
            self._carry_out(environ)
            return _answer(start_response, "504 Gateway Timeout", '{"message": "no answer"}')
        answer = self.service(environ, start_response)
        if changes:
            self.note("call")
        return answer

    def _hang(self, environ: WSGIEnvironment, start_response: StartResponse, chance: float) -> Iterable[bytes]:
        began = time.monotonic()
        if chance < 0.3:
            self._carry_out(environ)
        self._calm.wait()
        if chance > 0.6 and time.monotonic() - began < _GIVEN_UP and not self._over.is_set():
            self._carry_out(environ)
        return _answer(start_response, "504 Gateway Timeout", '{"message": "no answer"}')

    def _carry_out(self, environ: WSGIEnvironment) -> None:
        def unheard(status: str, headers: Any, *rest: Any) -> Any:
            return None

        list(self.service(environ, unheard))
        self.note("call")

    # ---- the diary ---------------------------------------------------------------------------------------------------

    def note(self, cause: str) -> None:
        """Write down what has changed since the last time."""
        with self.service.lock:
            now, machines = time.time(), self.shown.machines()
            for one, seen in machines.items():
                before = self.seen.get(one)
                self.seen[one] = seen
                if before is None or before.state != seen.state:
                    self._write(now, one, before.state if before else "", seen.state, cause)
            for one, before in self.seen.items():
                if one not in machines and before.state != "terminated":
                    self.seen[one] = Seen("terminated", before.deployment, before.token, before.row, before.name)
                    self._write(now, one, before.state, "terminated", cause)

    def _write(self, at: float, machine: str, before: str, after: str, cause: str) -> None:
        self.changes.append(Change(len(self.changes) + 1, at, machine, before, after, cause))

    def _watch(self) -> None:
        while not self._over.wait(_LOOKS_EVERY):
            self.note("clock")

    def hand(self, rng: Random, does: str, states: Iterable[str], count: int, deployment: str) -> int:
        """Somebody at the console does it to some machines of ours in these states; how many there were."""
        with self.service.lock:
            self.note("clock")
            there = self.shown.machines()
            found = [one for one, seen in there.items() if seen.is_of(deployment) and seen.row]
            found = sorted(one for one in found if there[one].state in states)
            hit = rng.sample(found, min(len(found), count))
            for one in hit:
                self.shown.hand(one, does)
            self.note("outside")
        return len(hit)

    def plant(self, deployment: str = "", token: str = "", row: str = "") -> None:
        with self.service.lock:
            self.note("clock")
            self.shown.plant(deployment, token, row)
            self.note("seed")

    def calls(self) -> list[Mapping[str, Any]]:
        """Every call that was to change one machine, in the shape of EC2's ledger; the making of one is not among them."""
        found: list[Mapping[str, Any]] = []
        names = {seen.name: one for one, seen in self.seen.items() if seen.name}
        for entry in self.service.books.entries:
            path = self.shown.path.search(entry.path)
            if path is None or entry.method in ("GET", "HEAD") or entry.account != ACCOUNT:
                continue
            said = path.groupdict()
            machine = said.get("id") or names.get(said["name"], said["name"])
            machine = machine.lower().replace("/providers/microsoft.compute/virtualmachines/", "/")
            if entry.method == "PUT" and machine not in self.seen:
                continue  # it was to be made, and was not
            action = f"{entry.method} {entry.path}"
            asked = {"InstanceIds": [machine]}
            found.append({"credentials": "soak", "action": action, "asked": asked, "at": entry.at.timestamp()})
        return found


def _answer(start_response: StartResponse, status: str, body: str) -> Iterable[bytes]:
    start_response(status, [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body.encode()]


def opened(names: Iterable[str], seed: int, takes: Any, stack: ExitStack) -> dict[str, Neighbour]:
    found = {}
    for name in names:
        found[name] = Neighbour(name, seed, takes)
        stack.callback(found[name].close)
    return found
