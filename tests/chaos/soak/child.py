"""One process of the room."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

TREE = Path(__file__).resolve().parents[3]


@dataclass
class Child:
    """A process that is started again when it ends; a session of its own, so that it can be hit as a whole."""

    name: str
    command: Sequence[str]
    log: Path
    environ: Mapping[str, str]
    identity: Mapping[str, Any] = field(default_factory=dict)
    meanwhile: Mapping[str, str] = field(default_factory=dict)
    """What its environment has besides, for as long as a fault lasts."""
    process: subprocess.Popen[bytes] | None = None
    down_until: float = 0.0
    starts: int = 0

    def start(self) -> None:
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(  # type: ignore[call-overload]
                self.command,
                stdout=out,
                stderr=out,
                # only what finds our tree by its environment may find it by its folder
                cwd=TREE if "PYTHONPATH" in self.environ else "/",
                env={**self.environ, **self.meanwhile},
                start_new_session=True,
                **self.identity,
            )
        self.starts += 1

    @property
    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def signal(self, number: signal.Signals, *, whole: bool = False) -> None:
        """To the process alone, or to everything it started."""
        if self.alive:
            assert self.process is not None
            with contextlib.suppress(ProcessLookupError):
                (os.killpg if whole else os.kill)(self.process.pid, number)

    def children(self) -> list[int]:
        if not self.alive:
            return []
        assert self.process is not None
        with contextlib.suppress(psutil.Error):
            return sorted(child.pid for child in psutil.Process(self.process.pid).children(recursive=True))
        return []
