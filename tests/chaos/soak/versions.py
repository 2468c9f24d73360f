"""Two versions in one room: which process is of which, whose schema it is, and what people type meanwhile."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Collection, Mapping, Sequence
from random import Random
from typing import TYPE_CHECKING

from im.stack.layout import free_port

if TYPE_CHECKING:
    from tests.chaos.soak.room import Room

PAGES = ("page-1", "page-2")
HALF = ("worker-1", "worker-2", "beat-1", "page-1")
"""Half of the fleet, where two versions run beside each other; deadlines' own worker is of this one then."""
_APART = 1.5
"""Seconds between one process that is replaced and the next."""
_MIGRATES_WITHIN = 180.0
"""Seconds, Postgres itself being hurt meanwhile; it waits for a lock for a minute at most."""


class Versions:
    """Which version each process of the room is of. `before`: the Python of an environment with the version before."""

    def __init__(self, room: Room, before: str) -> None:
        self._room, self.before = room, before
        self._ours: dict[str, Sequence[str]] = {}
        self.old: frozenset[str] = frozenset()
        self.token = ""
        self.migrated = False
        self.has_page = not subprocess.run(
            [before, "-P", "-c", "import im.web"], cwd="/", capture_output=True
        ).returncode
        self.ports = {name: free_port() for name in PAGES}

    # ---- life --------------------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """The schema of the version before, by its own hand."""
        self._type(self.before, "db", "upgrade")
        if self.has_page:
            self.token = self._made_token(self.before)

    def staff(self, fleet: Collection[str]) -> None:
        """Pages come to the fleet, and everybody is of the version before; a page only where it has one."""
        for name, port in self.ports.items():
            words = [sys.executable, "-P", "-m", "im.cli.main", "web"]
            self._room.add(name, words, {**self._room.environ, "IM_WEB_PORT": str(port)}, {})
        self._ours = {name: self._room.children[name].command for name in (*fleet, *PAGES)}
        for name in self._ours:
            self._make(name, old=True)

    def python(self, rng: Random) -> str:
        """Whose `im` somebody types."""
        if not self.migrated or (self.old.issuperset(HALF[:1]) and len(self.old) > len(HALF)):
            return self.before
        return rng.choice((self.before, sys.executable)) if self.old else sys.executable

    def environ(self, python: str) -> Mapping[str, str]:
        """What is of the version before is installed, and finds nothing of ours."""
        ours = self._room.environ
        return ours if python == sys.executable else {name: told for name, told in ours.items() if name != "PYTHONPATH"}

    # ---- what happens to it ------------------------------------------------------------------------------------------

    def migrate(self) -> None:
        """As docs/upgrade.md has it: from one machine, while everything works; whatever was in the way, it is typed again."""
        until = time.monotonic() + _MIGRATES_WITHIN
        while self._run(sys.executable, "db", "upgrade").returncode:
            assert time.monotonic() < until, self._run(sys.executable, "db", "upgrade").stderr
        self.migrated = True
        if not self.token:
            self.token = self._made_token(sys.executable)

    def replace(self, old: Collection[str] | None) -> str:
        """Processes one after the other, so that these are of the version before; None: all of them. What it came to."""
        changed = 0
        for name in self._ours:
            if self._make(name, old=old is None or name in old):
                changed += 1
                # as a supervisor ends it; it comes back as what it is now
                self._room.children[name].signal(signal.SIGTERM)
                time.sleep(_APART)  # one after the other, as a rollout goes
        return f"{changed} replaced; {len(self.old)} of {len(self._ours)} are of the version before"

    def _make(self, name: str, *, old: bool) -> bool:
        """Is it another one now?"""
        child, page = self._room.children[name], name in PAGES
        old = old and (self.has_page or not page)
        changed = old is not (name in self.old)
        self.old = self.old | {name} if old else self.old - {name}
        words = self._ours[name]
        if old:
            # as `celery` of any version is called; ours is `python -P -m workers`
            head = ["-m", "im.cli.main"] if page else ["-m", "celery", "-A", "workers.main"]
            words = [self.before, "-P", *head, *words[4:]]
        child.command = words
        port = {"IM_WEB_PORT": str(self.ports[name])} if page else {}
        child.environ = {**self.environ(words[0]), **port}
        return changed

    # ---- commands ----------------------------------------------------------------------------------------------------

    def _made_token(self, python: str) -> str:
        return self._type(python, "token", "create", "soak", "--admin", "--for", "1d", "-q")

    def _type(self, python: str, *words: str) -> str:
        done = self._run(python, *words)
        assert done.returncode == 0, f"{python} im {' '.join(words)}: {done.stderr}"
        return done.stdout.strip()

    def _run(self, python: str, *words: str) -> subprocess.CompletedProcess[str]:
        command = [python, "-P", "-m", "im.cli.main", *words]
        return subprocess.run(
            command, env=self.environ(python), cwd="/", capture_output=True, text=True, timeout=150, check=False
        )
