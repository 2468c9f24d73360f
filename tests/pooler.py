"""Debian's PgBouncer before the tests' Postgres, in transaction mode and otherwise as it comes."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from im.db.read.connection import arguments
from im.stack import postgres

PROGRAM = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin")


@contextmanager
def pooler(database_url: str, *settings: str) -> Iterator[str]:
    """The URL of a pooler that lends two connections to `database_url`; `settings` are further lines of its configuration."""
    assert PROGRAM, "pgbouncer is not installed: apt-get install pgbouncer"
    behind = arguments(database_url)
    folder = Path(tempfile.mkdtemp(prefix="im-p-", dir="/tmp"))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = " ".join(f"{name}={value}" for name, value in behind.items() if name != "dbname")
    config = folder / "pgbouncer.ini"
    own = ("listen_addr=127.0.0.1", f"listen_port={port}", "unix_socket_dir=", f"logfile={folder}/log")
    mode = ("auth_type=any", "pool_mode=transaction", "default_pool_size=2", *settings)
    lines = ["[databases]", f"* = {server}", "[pgbouncer]", *own, *mode]
    config.write_text("\n".join(lines) + "\n")
    user = postgres.server_user()  # neither server runs as root
    for path in (folder, config):
        os.chown(path, pwd.getpwnam(user).pw_uid if user else -1, -1)
    process = subprocess.Popen(
        [PROGRAM, "-q", *(["-u", user] if user else []), str(config)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
    )
    try:
        until = time.monotonic() + 30
        while not _listens(port):
            assert process.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < until, "PgBouncer did not come up within half a minute"
            time.sleep(0.05)  # waiting for a process, not for an outcome
        yield f"postgresql://im@127.0.0.1:{port}/{behind['dbname']}"
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)
        shutil.rmtree(folder, ignore_errors=True)


def _listens(port: int) -> bool:
    with socket.socket() as asked:
        return asked.connect_ex(("127.0.0.1", port)) == 0
