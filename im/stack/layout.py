"""Where the local stack keeps its files, with which modes; nothing here starts or stops anything."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import secrets
import shutil
import socket
import stat
import tempfile
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from im.domain.errors import Refused, Unavailable
from im.stack_file import DETAILS_FILE, STACK_FILE

_SOCKET_LIMIT = 100
"""Bytes in a socket's path: the kernel takes 107 on Linux, 103 on macOS; supervisord binds under a longer name first."""
_UNUSABLE = {
    errno.EACCES: "you may not write there",
    errno.EPERM: "you may not write there",
    errno.EROFS: "its file system can only be read",
    errno.ENOSPC: "its file system is full",
    errno.EDQUOT: "your share of its file system is used up",
    errno.EEXIST: "something that is no folder has that name",
    errno.ENOTDIR: "something on the way to it is no folder",
    errno.ENOENT: "something on the way to it is not there, and cannot be made",
}
_LONGEST_SOCKET = "pg/.s.PGSQL.5432"


@dataclass(frozen=True, slots=True)
class Layout:
    """The paths under one state folder (`home`, absolute)."""

    home: Path

    @property
    def stack_file(self) -> Path:
        """What other `im` commands read: Settings field names to values."""
        return self.home / STACK_FILE

    @property
    def root(self) -> Path:
        return self.home / "stack"

    @property
    def details_file(self) -> Path:
        """What only the stack reads: cloud, ports, control socket, runtime folder."""
        return self.home / DETAILS_FILE

    @property
    def secrets_file(self) -> Path:
        return self.root / "secrets.json"

    @property
    def sandbox_file(self) -> Path:
        return self.root / "sandbox.pickle"

    @property
    def clouds(self) -> Path:
        """What the sandboxes of all other clouds hold."""
        return self.root / "clouds"

    @property
    def postgres(self) -> Path:
        return self.root / "postgres"

    @property
    def work(self) -> Path:
        """Working folder of every process but Postgres."""
        return self.root / "work"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    def log(self, program: str) -> Path:
        return self.logs / f"{program}.log"

    def prepare(self) -> None:
        """Make the folders, private to us. Raises Refused when the state folder is not ours to use."""
        try:
            self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
            if self.home.stat().st_uid != os.geteuid():
                raise Refused(f"{self.home} belongs to another user", "name a folder of your own with --home")
            # Postgres refuses to run as root, and the user it runs as must be able to pass through to its own folder
            passable = 0o711 if os.geteuid() == 0 else 0o700
            self.home.chmod(passable)
            for folder, mode in ((self.root, passable), (self.work, 0o700), (self.logs, 0o700), (self.clouds, 0o700)):
                folder.mkdir(mode=mode, exist_ok=True)
                folder.chmod(mode)
        except OSError as exc:
            why = _UNUSABLE.get(exc.errno or 0, "the system gives no better reason")
            raise Refused(f"{self.home} cannot hold the stack: {why}", "name another folder with --home") from exc

    @contextlib.contextmanager
    def exclusively(self) -> Iterator[None]:
        """One `up` or `down` at a time. Raises Unavailable when another one is at work."""
        with os.fdopen(os.open(self.root / "lock", os.O_WRONLY | os.O_CREAT, 0o600), "w") as held:
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Unavailable(
                    f"another `im up` or `im down` is at work in {self.home}", "wait for it to finish, then try again"
                ) from None
            yield

    def sockets(self) -> Path:
        """A private folder whose path is short enough for sockets, made anew."""
        own = self.root / "run"
        shutil.rmtree(own, ignore_errors=True)
        if len(os.fsencode(own / _LONGEST_SOCKET)) <= _SOCKET_LIMIT:
            own.mkdir(mode=0o700)
            made = own
        else:
            made = _short_folder()
        if os.geteuid() == 0:
            made.chmod(0o711)  # as above: passable for the user Postgres runs as, whose own folder in it is 0700
        for inner in ("pg", "control"):
            (made / inner).mkdir(mode=0o700)
        return made

    def secret(self, name: str) -> str:
        """The password called `name`, made at first use and kept (0600)."""
        kept = read_json(self.secrets_file)
        if name not in kept:
            kept[name] = secrets.token_urlsafe(24)
            write_private(self.secrets_file, json.dumps(kept))
        return str(kept[name])


def _short_folder() -> Path:
    for parent in (os.environ.get("XDG_RUNTIME_DIR", ""), tempfile.gettempdir(), "/tmp"):  # noqa: S108 - mkdtemp is private
        # /run/user/0 would have to be opened for the user Postgres runs as
        if not parent or (os.geteuid() == 0 and parent == os.environ.get("XDG_RUNTIME_DIR")):
            continue
        if (
            os.access(parent, os.W_OK)
            and len(os.fsencode(parent)) + len("/im-12345678/" + _LONGEST_SOCKET) <= _SOCKET_LIMIT
        ):
            return Path(tempfile.mkdtemp(prefix="im-", dir=parent))
    raise Unavailable("no folder with a path short enough for sockets", "set TMPDIR to a short path, such as /tmp")


def remove_sockets(folder: Path) -> None:
    """Remove what `Layout.sockets` made; anything that is not plainly ours is left alone."""
    with contextlib.suppress(OSError):
        found = folder.lstat()
        if stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and (folder / "control").is_dir():
            shutil.rmtree(folder)


def write_private(path: Path, text: str) -> None:
    """Write `text` whole or not at all, readable by its owner only."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.write(text)
    fresh.replace(path)


def read_json(path: Path) -> dict[str, Any]:
    """The object in `path`; empty when there is none or it cannot be read."""
    try:
        read = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return read if isinstance(read, dict) else {}


def free_port(preferred: int | None = None, given: Collection[int] = ()) -> int:
    """A loopback TCP port nobody listens on: `preferred` when it is still free, so that bookmarks last.

    None of `given`, on which somebody is about to listen: of fifteen drawn for one stack two are the same in one of a hundred.

    Another one lies below those that the kernel gives to connections going out (32768 and up on Linux): such a port may be some
    client's before the server that it was found for has started.
    """
    drawn = [20_000 + secrets.randbelow(12_000) for _ in range(100)]
    for port in (preferred or drawn[0], *drawn, 0):
        if port in given:
            continue
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return int(probe.getsockname()[1])
    raise Unavailable("no free port on 127.0.0.1", "see what holds them with: ss -ltn")
