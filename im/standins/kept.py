"""What a stand-in holds, kept in a file between two starts: whole or not at all, for its owner alone."""

from __future__ import annotations

import os
import pickle
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from typing import Any

from im.standins.service import Worlds


class Keeper:
    """Of one stand-in and one file; nobody but us has written there, so what is unpickled is our own."""

    def __init__(self, service: Worlds, path: Path) -> None:
        self._service, self._path = service, path
        self._saved = 0

    def load(self) -> str:
        """Take up what was kept; returns in words what that was."""
        try:
            kept = pickle.loads(self._path.read_bytes())  # noqa: S301 - our own file, 0600 in a folder of ours
        except FileNotFoundError:
            return "empty"
        except Exception as exc:  # unpickling can raise anything at all, and none of it may keep the stack down
            aside = self._path.with_suffix(".unreadable")
            self._path.replace(aside)
            return f"empty: what was kept cannot be read ({type(exc).__name__}) and was set aside as {aside}"
        for world in kept.values():
            _complete(world)
        self._service.worlds.update(kept)
        return f"as it was left, with {len(kept)} accounts"

    def save(self) -> None:
        """Write it, if anything was asked since that may have changed it."""
        with self._service.lock:
            changes = self._service.books.made
            if changes == self._saved:
                return
            written = pickle.dumps(self._service.worlds, protocol=5)
        fresh = self._path.with_suffix(".new")
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
            out.write(written)
        fresh.replace(self._path)
        self._saved = changes


def _complete(world: Any) -> None:
    """What a version before us kept has not all that a world has by now: the rest is as in a new one."""
    for one in fields(world) if is_dataclass(world) else ():
        if hasattr(world, one.name):
            continue
        if one.default_factory is not MISSING:
            setattr(world, one.name, one.default_factory())
        elif one.default is not MISSING:
            setattr(world, one.name, one.default)
