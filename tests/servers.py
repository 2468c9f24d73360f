"""Postgres servers that a test may copy, kill, restart and promote; each with a data folder and a private socket of its own."""

from __future__ import annotations

import pwd
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Any

import psycopg2

from im.stack import postgres
from im.stack.layout import Layout
from im.stack.passage import open_above
from tests.waiting import until

DATABASE = "im_test"


class Server:
    """One data folder, and the server on it while it runs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.layout, self.sockets = Layout(folder / "home"), folder / "s"
        self.url = postgres.url(self.sockets, DATABASE)
        self._user = postgres.server_user()
        self._running: subprocess.Popen[bytes] | None = None

    def make(self) -> None:
        """A new, empty one."""
        self._prepare()
        self.start()
        postgres.ensure_database(self.sockets, DATABASE)

    def start(self) -> None:
        command = [*postgres.command(self.layout, self.sockets), "-c", "fsync=off", "-c", "max_connections=200"]
        with (self.folder / "log").open("ab") as log:
            self._running = subprocess.Popen(command, stdout=log, stderr=log, cwd="/", **self.identity())
        running = self._running
        until("Postgres", lambda: postgres.answers(self.sockets) or running.poll() is not None)
        assert running.poll() is None, (self.folder / "log").read_text()

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """SIGINT is Postgres' fast shutdown, SIGQUIT its immediate one."""
        if self._running is not None:
            self._running.send_signal(how)
            self._running.wait(timeout=30)
            self._running = None

    def restart(self) -> None:
        self.stop(signal.SIGQUIT)
        self.start()

    def copy(self, folder: Path, *, standby: bool = False) -> Server:
        """A backup of this one, running; a standby follows this one until it is promoted."""
        other = self.backup(folder, standby=standby)
        other.start()
        return other

    def backup(self, folder: Path, *, standby: bool = False) -> Server:
        """A `pg_basebackup` of this one as it is now, not running."""
        return backup(self.sockets, folder, standby=standby)

    def promote(self) -> None:
        self.say("SELECT pg_promote(true, 30)")

    def say(self, statement: str) -> Any:
        """Its first answer; beside the database of the tests, so that nobody of that is in the way."""
        raw = psycopg2.connect(host=str(self.sockets / "pg"), user="im", dbname="postgres")
        raw.autocommit = True
        with raw.cursor() as cursor:
            cursor.execute(statement)
            told = cursor.fetchone()[0] if cursor.description else None
        raw.close()
        return told

    def snapshot(self, folder: Path) -> None:
        """Its data folder as a snapshot of its volume has it: taken while it is down, which is the same to who restores it."""
        self.stop()
        shutil.copytree(self.layout.postgres, folder, symlinks=True)
        self.start()

    def put_back(self, data: Path) -> None:
        """Run on `data`, where its own data were, until it has recovered them: before that it reads alone, as a standby."""
        self.stop()
        shutil.rmtree(self.layout.postgres)
        shutil.copytree(data, self.layout.postgres, symlinks=True)
        self.layout.postgres.chmod(0o700)
        if self._user:
            for one in (self.layout.postgres, *self.layout.postgres.rglob("*")):
                shutil.chown(one, self._user)
        self.start()
        until("the end of its recovery", lambda: not self.say("SELECT pg_is_in_recovery()"))

    def _prepare(self, *, empty: bool = False) -> None:
        self.layout.prepare()
        (self.sockets / "pg").mkdir(parents=True, mode=0o700)
        self.layout.root.mkdir(exist_ok=True)
        if not empty:
            postgres.prepare(self.layout, self.sockets, self._user, lambda _: None)
            return
        self.layout.postgres.mkdir(mode=0o700)
        for folder in (self.layout.postgres, self.sockets / "pg"):
            if self._user:
                shutil.chown(folder, self._user)
                open_above(folder, self.layout.root, lambda _: None)

    def identity(self) -> dict[str, Any]:
        """As whom it runs, for Popen: Postgres refuses to be root."""
        if not self._user:
            return {}
        owner = pwd.getpwnam(self._user)
        return {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}


def backup(sockets: Path, folder: Path, *, standby: bool) -> Server:
    """A `pg_basebackup` of whoever listens there, not running."""
    made = Server(folder)
    made._prepare(empty=True)
    command = [str(postgres.binary("pg_basebackup")), "--host", str(sockets / "pg"), "--username", "im"]
    command += ["--pgdata", str(made.layout.postgres), "--no-sync", "--checkpoint=fast", "--wal-method=stream"]
    command += ["--write-recovery-conf"] if standby else []
    done = subprocess.run(command, cwd="/", capture_output=True, text=True, check=False, **made.identity())
    assert done.returncode == 0, done.stderr
    return made


def started(folder: Path) -> subprocess.Popen[bytes]:
    """A server in `folder` as a bare process, for those who kill it as one; what data are there are kept."""
    server = Server(folder)
    server._prepare()
    server.start()
    assert server._running is not None
    return server._running
