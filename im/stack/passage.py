"""Folders that are opened for passing through (o+x) as long as a stack needs it, and closed again with the last one that does.

Several stacks may have their files below one folder, so who needs what is kept outside of all of them.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

from im.stack.layout import read_json, write_private

REGISTER = Path("/var/lib/im/passages.json")
"""Folder → the stacks that need it open. Root's alone, as only root's Postgres runs as somebody else."""

Needs = dict[str, list[str]]


def open_above(path: Path, stack: Path, say: Callable[[str], None], register: Path = REGISTER) -> None:
    """Let everybody pass through each folder above `path`, where they cannot, until `close_for(stack)`."""
    # without the lock as a glance only: another stack that ends may be about to close what is open now
    if not _above(path, read_json(register)):
        return
    with exclusively(register.with_suffix(".lock")):
        needs: Needs = read_json(register)
        above = _above(path, needs)
        for folder in above:
            needed = needs.setdefault(str(folder), [])
            if str(stack) not in needed:
                needed.append(str(stack))
        # noted before it is done: whatever ends us in between leaves nothing open that nobody knows of
        _write(register, needs)
        for folder in above:
            if not _is_open(folder):
                folder.chmod(_mode(folder) | stat.S_IXOTH)
                say(f"opened {folder} for passing through (o+x) until im down: Postgres does not run as root")


def close_for(stack: Path, register: Path = REGISTER) -> None:
    """Close what was opened for `stack`, and for nobody else that still exists."""
    if not register.exists():
        return
    with exclusively(register.with_suffix(".lock")):
        needs: Needs = read_json(register)
        left: Needs = {}
        for name, stacks in needs.items():
            others = [one for one in stacks if one != str(stack) and Path(one).is_dir()]
            if others:
                left[name] = others
                continue
            with contextlib.suppress(OSError):
                Path(name).chmod(_mode(Path(name)) & ~stat.S_IXOTH)
        _write(register, left)


def _above(path: Path, needs: Needs) -> list[Path]:
    """What keeps others out above `path`, or would again once the stacks that needed it are gone."""
    return [folder for folder in path.resolve().parents if not _is_open(folder) or str(folder) in needs]


def _write(register: Path, needs: Needs) -> None:
    write_private(register, json.dumps(needs, indent=1))


def _is_open(folder: Path) -> bool:
    return bool(_mode(folder) & stat.S_IXOTH)


def _mode(folder: Path) -> int:
    return stat.S_IMODE(folder.stat().st_mode)


@contextlib.contextmanager
def exclusively(lock: Path) -> Iterator[None]:
    """One process at a time, of all stacks of this machine."""
    lock.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    with os.fdopen(os.open(lock, os.O_WRONLY | os.O_CREAT, 0o600), "w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
