"""Where benchmarks run: a Postgres as the local stack starts it, the EC2 stand-in as a process, and a fleet that is in both."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from sqlalchemy import Connection, text

from im.context import Context, open_context
from im.db import deployment, scopes
from im.db.engine import make_engine
from im.db.read.connection import database_clock
from im.db.schema import migrate
from im.domain.scope import Scope
from im.settings import Settings
from im.stack import postgres
from im.stack.layout import Layout
from tests.standin.client import Control
from tests.world import empty

ROOT = Path(__file__).parents[2]
REGION = "us-east-1"
SCOPE = Scope("aws", "default", REGION)
ZONES = tuple(f"{REGION}{letter}" for letter in "abcdef")


class Bells:
    """A queue that keeps what was rung; nobody answers."""

    def __init__(self) -> None:
        self.rung: list[tuple[str, tuple[str, ...]]] = []

    def ring(self, task: Any, ids: Any = (), *, label: str = "", after: float = 0, to: str | None = None) -> bool:
        self.rung.append((str(task), tuple(ids)))
        return True


@dataclass
class Clock:
    """The database's own, moved on between two ticks so that each has its slot."""

    ahead: timedelta = timedelta(0)

    def __call__(self, connection: Connection) -> datetime:
        return database_clock(connection) + self.ahead

    def tick(self, seconds: float = 10) -> None:
        self.ahead += timedelta(seconds=seconds)


@dataclass
class Place:
    """`ctx` has the real database and the real adapter; its queue only listens."""

    database_url: str
    cloud_url: str
    control: Control
    clock: Clock = field(default_factory=Clock)
    bells: Bells = field(default_factory=Bells)

    @classmethod
    def at(cls, database_url: str, cloud_url: str) -> Place:
        return cls(database_url, cloud_url, Control(cloud_url))

    def context(self, **settings: Any) -> Context:
        """A fresh one, as a worker process opens it."""
        real = open_context(Settings(**self._settings(settings)))
        return replace(real, queue=self.bells, clock=self.clock)

    def _settings(self, more: dict[str, Any]) -> dict[str, Any]:
        return {
            "database_url": self.database_url,
            "sandbox_url": self.cloud_url,
            "provider": "aws",
            "region": REGION,
            "owner": "bench",
            **more,
        }

    def ec2(self) -> Any:
        """Unmodified boto3, as anybody would use it."""
        return boto3.client(
            "ec2",
            REGION,
            endpoint_url=self.cloud_url,
            aws_access_key_id="bench",
            aws_secret_access_key="bench",
            config=Config(read_timeout=60, proxies={}, retries={"mode": "standard"}),
        )

    def fleet(self, count: int, *, foreign: int = 0, zones: tuple[str, ...] = ZONES) -> list[str]:
        """`count` machines of ours that run, each with a settled row and its running time, after everything else was taken away;
        their ids."""
        self.control.reset()
        self.control.configure(delays=dict.fromkeys(("launch", "start", "stop", "terminate", "visible"), 0))
        empty(self.database_url)
        ctx = self.context()
        with ctx.begin() as connection:
            ours = deployment.read_id(connection)
            number = scopes.ensure(connection, SCOPE)
        tags = {"im:deployment": ours, "im:launch": "bench", "im:owner": "bench"}
        tags |= {"im:instance": "im-{n}", "Name": "bench-{n}"}
        made = self.control.create(count, tags=tags, zones=zones, quiet=True, age=7200)
        if foreign:
            self.control.create(foreign, tags={"Name": "theirs-{n}"}, zones=zones, quiet=True, age=7200)
        with ctx.begin() as connection:
            _insert(connection, number, made, zones, self.clock(connection))
        self.analyze()
        ctx.dispose()
        return made

    def analyze(self) -> None:
        """As autovacuum will have done in a database that was not filled a second ago: its pages are known to be visible to all."""
        engine = make_engine(self.database_url).execution_options(isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text("VACUUM (ANALYZE)"))
        engine.dispose()

    def number(self, ctx: Context) -> int:
        with ctx.begin() as connection:
            number = scopes.number_of(connection, SCOPE)
        assert number is not None
        return number


def _insert(connection: Connection, scope: int, machines: list[str], zones: tuple[str, ...], now: datetime) -> None:
    connection.execute(
        text(
            """
        INSERT INTO instances (id, name, owner, scope_id, spec, created_at, desired, why, by, expires_at, on_expiry,
            generation, settled_generation, observed, observed_at, provider_id, zone, launched_at)
        SELECT 'im-' || n - 1, 'bench-' || n - 1, 'bench', :scope,
            jsonb_build_object('instance_type', 't3.micro', 'zone', (:zones)[1 + (n - 1) % :many], 'image', 'ami-1',
                'public_key', 'ssh-ed25519 AAAA bench', 'ssh_user', 'ec2-user', 'owner', 'bench', 'options', '{}'::jsonb),
            :then, 'running', 'user', 'bench', :later, 'stop', 1, 1, 'running', :then, machine,
            (:zones)[1 + (n - 1) % :many], :then
        FROM unnest(CAST(:machines AS text[])) WITH ORDINALITY AS made(machine, n)
        """.replace(":zones", "CAST(:zones AS text[])")
        ),
        {
            "scope": scope,
            "machines": machines,
            "zones": list(zones),
            "many": len(zones),
            "then": now - timedelta(hours=2),
            "later": now + timedelta(days=30),
        },
    )
    for kind in ("run", "disk"):
        connection.execute(
            text(
                "INSERT INTO usage (instance_id, kind, number, began_at, began_exactly, not_before, disk_gb, disk_type)"
                " SELECT id, :kind, 1, launched_at, true, created_at, 8, 'gp3' FROM instances"
            ),
            {"kind": kind},
        )
    connection.execute(
        text(
            "INSERT INTO deadlines (instance_id, since, number, expires_at)"
            " SELECT id, created_at, 1, expires_at FROM instances"
        )
    )


@contextmanager
def place() -> Iterator[Place]:
    """Everything started, and taken away at the end."""
    folder = Path(tempfile.mkdtemp(prefix="im-bench-", dir="/tmp"))
    server = _start_postgres(folder)
    cloud = subprocess.Popen(
        [sys.executable, "-m", "tests.standin", "--port", "0"], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    try:
        assert cloud.stdout is not None
        url = cloud.stdout.readline().strip()
        postgres.ensure_database(folder / "s", "bench")
        database = postgres.url(folder / "s", "bench")
        migrate.upgrade(database)
        yield Place.at(database, url)
    finally:
        cloud.terminate()
        cloud.wait(timeout=30)
        assert cloud.stdout is not None
        cloud.stdout.close()
        server.send_signal(signal.SIGINT)  # Postgres' fast shutdown
        server.wait(timeout=30)
        shutil.rmtree(folder, ignore_errors=True)


def _start_postgres(folder: Path) -> subprocess.Popen[bytes]:
    layout = Layout(folder / "home")
    layout.prepare()
    (folder / "s" / "pg").mkdir(parents=True, mode=0o700)
    user = postgres.server_user()
    layout.root.mkdir(exist_ok=True)
    postgres.prepare(layout, folder / "s", user, lambda _: None)
    who: dict[str, Any] = {}
    if user:
        entry = pwd.getpwnam(user)
        who = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(postgres.command(layout, folder / "s"), stdout=log, stderr=log, cwd="/", **who)
    until = time.monotonic() + 60
    while not postgres.answers(folder / "s"):
        assert server.poll() is None, (folder / "log").read_text()
        assert time.monotonic() < until, "Postgres did not come up within a minute"
        time.sleep(0.05)  # waiting for a process, not for an outcome
    return server


os.environ.setdefault("AWS_EC2_METADATA_DISABLED", "true")
