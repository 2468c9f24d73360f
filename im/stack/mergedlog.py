"""Every program's log as one, each line with its program's name before it; supervisord's own told in plain words."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

_COLOURS = (36, 33, 32, 35, 34, 96, 93)
_STAMP = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} [A-Z]+ ")
_TOLD = (
    (re.compile(r"exited: (\w+) \((.*); not expected\)"), r"\1 ended unexpectedly (\2); starting it again"),
    (re.compile(r"exited: (\w+) \((.*); expected\)"), r"\1 ended (\2); starting it again"),
    (
        re.compile(r"gave up: (\w+) .*"),
        r"\1 fails again and again; given up. Its log says why; `im down`, then `im up`",
    ),
    (re.compile(r"spawnerr: (.*)"), r"cannot start: \1"),
    (re.compile(r"spawned: '(\w+)' with pid (\d+)"), r"\1 started (pid \2)"),
    (re.compile(r"killing '(\w+)' .*with SIGKILL"), r"\1 does not stop by itself; killed"),
    (re.compile(r"stopped: (\w+) \(.*\)"), r"\1 stopped"),
)


@dataclass
class _Tail:
    """One growing file, from where it ended when we began; it may be rotated under us."""

    path: Path
    offset: int = 0
    inode: int = 0
    rest: str = ""

    def start_at_end(self) -> None:
        if self.path.exists():
            found = self.path.stat()
            self.offset, self.inode = found.st_size, found.st_ino

    def fresh(self) -> list[str]:
        try:
            with self.path.open("rb") as source:
                found = self.path.stat()
                if found.st_ino != self.inode or found.st_size < self.offset:
                    self.inode, self.offset = found.st_ino, 0
                source.seek(self.offset)
                read = source.read()
        except FileNotFoundError:
            return []
        self.offset += len(read)
        *lines, self.rest = (self.rest + read.decode("utf-8", "replace")).split("\n")
        return lines


@dataclass
class MergedLog:
    """Shows what is written to `folder` from now on, `names` in a fixed order so that columns line up."""

    folder: Path
    names: tuple[str, ...]
    out: TextIO = field(default_factory=lambda: sys.stdout)
    colour: bool = False

    def __post_init__(self) -> None:
        self._tails = {name: _Tail(self.folder / f"{name}.log") for name in self.names}
        self._supervisor = _Tail(self.folder / "supervisord.log")
        for tail in (self._supervisor, *self._tails.values()):
            tail.start_at_end()

    def pump(self) -> None:
        """Show what has been written since the last call."""
        for line in self._supervisor.fresh():
            told = tell(line)
            if told:
                self.say(told)
        for index, (name, tail) in enumerate(self._tails.items()):
            for line in tail.fresh():
                if line.strip():
                    self._show(name, line, _COLOURS[index % len(_COLOURS)])
        self.out.flush()

    def say(self, text: str) -> None:
        """A line of the stack itself."""
        self._show("im", text, 1)
        self.out.flush()

    def _show(self, name: str, line: str, colour: int) -> None:
        prefix = f"{name:<{max(map(len, self.names))}} |"
        self.out.write(f"\x1b[{colour}m{prefix}\x1b[0m {line}\n" if self.colour else f"{prefix} {line}\n")


def tell(line: str) -> str:
    """A line of supervisord's log in plain words; empty when it says nothing that matters to a person."""
    said = _STAMP.sub("", line.strip())
    for pattern, words in _TOLD:
        if pattern.search(said):
            return pattern.sub(words, said)
    return said if " ERRO " in line else ""
