"""P10: a tick over five clouds of 2,000 machines, one of which hangs and one throttles, until the other three are looked at."""

from __future__ import annotations

import os
import pickle
import secrets
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import text

from im.context import Context
from im.db import deployment, scopes
from im.domain.scope import Scope
from im.scope_threads import Threaded
from im.services.refresh.scope import refresh_scopes
from im.stack.layout import free_port
from im.standins.limits import Bucket
from tests.benchmarks.place import ROOT, SCOPE, Place, place
from tests.benchmarks.row import Row, of_runs
from tests.chaos.shown import ACCOUNT, KINDS

PLACES = {
    "azure": Scope("azure", "default", "eastus"),
    "digitalocean": Scope("digitalocean", "default", "all"),
    "gcp": Scope("gcp", "default", "us-central1"),
    "hetzner": Scope("hetzner", "default", "all"),
}
MACHINES = 2000
HANGS, THROTTLES = "azure", "digitalocean"
HEALTHY = ("aws", "gcp", "hetzner")
_SCOPES = {"aws": SCOPE, **PLACES}


def measure(runs: int) -> Iterator[Row]:
    with place() as here:
        here.fleet(MACHINES)
        filling = here.context()
        with clouds(here, filling, MACHINES, used_up=(THROTTLES,)) as there:
            filling.dispose()
            here.analyze()
            named = ",".join(f"{one.name}={one.url}" for one in there.values())
            # as a worker's process has them
            ctx = replace(here.context(sandbox_url=f"aws={here.cloud_url},{named}"), lanes=Threaded())
            healthy, all_five = _numbers(ctx, HEALTHY), _numbers(ctx, (HANGS, THROTTLES, *HEALTHY))
            for _ in range(3):
                _tick(here, ctx, healthy, healthy)
            there[HANGS].hang()
            first = _tick(here, ctx, all_five, healthy)
            three, five = [], []
            for _ in range(runs):
                three.append(_tick(here, ctx, healthy, healthy))
                five.append(_tick(here, ctx, all_five, healthy))
            refused = _in_trouble(ctx, healthy)
            assert THROTTLES in _in_trouble(ctx, all_five), f"{THROTTLES} was to throttle"
            ctx.dispose()
    work = f"a tick over five clouds of {MACHINES:,}, {HANGS} hanging, {THROTTLES} throttling, to the last of the other three"
    floor = f"the same tick over {', '.join(HEALTHY)}"
    yield of_runs("P10", work, "wall", five, three, floor, 1.1)
    yield of_runs("P10", "the first tick after it began to hang", "wall", [first], three, floor, None)
    yield of_runs("P10", "the healthy three, refused for haste", "calls", [len(refused)], [len(HEALTHY)], "looks", 0.0)


def _numbers(ctx: Context, names: Sequence[str]) -> dict[int, str]:
    with ctx.begin() as connection:
        return {number: name for name in names if (number := scopes.number_of(connection, _SCOPES[name])) is not None}


def _tick(here: Place, ctx: Context, asked: dict[int, str], awaited: dict[int, str]) -> float:
    """Seconds from the first message of a tick, one for each cloud, until every cloud of `awaited` has been looked at."""
    here.clock.tick()
    with ctx.begin() as connection:
        since = here.clock(connection)
    began = time.perf_counter()
    for number in asked:
        refresh_scopes(ctx, [(number, "")])
    while not _seen(ctx, awaited, since):
        time.sleep(0.002)  # threads of the lanes are at it
    return time.perf_counter() - began


def _seen(ctx: Context, awaited: dict[int, str], since: object) -> bool:
    query = "SELECT count(*) FROM scopes WHERE id = ANY(:ids) AND refreshed_at >= :since"
    with ctx.begin() as connection:
        return bool(
            connection.execute(text(query), {"ids": list(awaited), "since": since}).scalar_one() == len(awaited)
        )


def _in_trouble(ctx: Context, among: dict[int, str]) -> list[str]:
    query = "SELECT id FROM scopes WHERE id = ANY(:ids) AND error_code IS NOT NULL"
    with ctx.begin() as connection:
        return [among[number] for number in connection.execute(text(query), {"ids": list(among)}).scalars()]


# ---- the clouds beside EC2, each a process as the local stack starts it


@dataclass
class Cloud:
    name: str
    url: str
    process: subprocess.Popen[bytes]

    def hang(self) -> None:
        """It takes connections, and answers nothing."""
        self.process.send_signal(signal.SIGSTOP)


@contextmanager
def clouds(here: Place, ctx: Context, count: int, used_up: Sequence[str] = ()) -> Iterator[dict[str, Cloud]]:
    """`used_up`: somebody else takes every call that these grant."""
    with TemporaryDirectory(prefix="im-bench-") as folder:
        started: dict[str, Cloud] = {}
        try:
            for name in PLACES:
                started[name] = _start(name, Path(folder), _filled(here, ctx, name, count, dry=name in used_up))
            for one in started.values():
                _wait_for(one)
            yield started
        finally:
            for one in started.values():
                one.process.kill()
                one.process.wait(timeout=30)


def _start(name: str, folder: Path, worlds: bytes) -> Cloud:
    (folder / f"{name}.pickle").write_bytes(worlds)
    port, secret = free_port(), secrets.token_hex(8)
    url = f"http://sandbox:{secret}@127.0.0.1:{port}"
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "IM_SANDBOX_URL": f"{name}={url}"}
    command = [sys.executable, "-m", "im.standins", "--state", str(folder)]
    quiet = subprocess.DEVNULL
    return Cloud(name, url, subprocess.Popen(command, cwd=ROOT, env=environ, stdout=quiet, stderr=quiet))


def _wait_for(one: Cloud) -> None:
    until = time.monotonic() + 60
    while True:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{one.url.rpartition(':')[2]}/ready", timeout=5).close()
            return
        except (urllib.error.URLError, OSError):
            assert time.monotonic() < until, f"the stand-in of {one.name} did not come up"
            time.sleep(0.05)  # waiting for a process


def _filled(here: Place, ctx: Context, name: str, count: int, *, dry: bool) -> bytes:
    """The worlds of a stand-in with `count` machines of ours, each of which has its settled row."""
    kind, shown = KINDS[name]
    make: Callable[..., Any] = kind
    service = make("none")
    world = shown(service)
    with ctx.begin() as connection:
        ours, number = deployment.read_id(connection), scopes.ensure(connection, PLACES[name])
        now = here.clock(connection)
    for at in range(count):
        world.plant(ours, "bench", f"im-{name}{at}")
    machines = world.machines()
    if dry:
        assert name == "digitalocean", "the only one whose limit of a minute is known here"
        service.team(ACCOUNT).minute = Bucket(250, 0.0, 0.0, service.clock())
    with ctx.begin() as connection:
        connection.execute(
            text(_ROWS),
            {
                "cloud": name,
                "scope": number,
                "machines": list(machines),
                "rows": [seen.row for seen in machines.values()],
                "then": now - timedelta(hours=2),
                "later": now + timedelta(days=30),
            },
        )
    return pickle.dumps(service.worlds, protocol=5)


_ROWS = """
INSERT INTO instances (id, name, owner, scope_id, spec, created_at, desired, why, by, expires_at, on_expiry,
    generation, settled_generation, observed, observed_at, provider_id, zone, launched_at)
SELECT id, id, 'bench', :scope,
    jsonb_build_object('instance_type', 'small', 'zone', 'a', 'image', 'ubuntu', 'public_key', 'ssh-ed25519 AAAA bench',
        'ssh_user', 'root', 'owner', 'bench', 'options', '{}'::jsonb),
    :then, 'running', 'user', 'bench', :later, 'stop', 1, 1, 'running', :then, machine, 'a', :then
FROM unnest(CAST(:machines AS text[]), CAST(:rows AS text[])) AS made(machine, id)
"""
