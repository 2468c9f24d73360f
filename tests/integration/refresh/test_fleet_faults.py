"""What befalls our own side: clocks of people's machines, a database of yesterday, a full one, an hour without a broker or beat."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url

from im.db.engine import Database, make_engine
from im.domain.state import Observed
from im.services import queries
from im.services.deadlines import holds
from im.services.refresh.sweep import sweep_if_stale
from tests.people import person
from tests.world import World, database_of

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHUvTP2ZzNfVJzGwDgnBpGmGH1GSUSbY0yV9r9eoyv6z me\n"
YESTERDAY = "im_yesterday"
_SHIFTED = """
import datetime, sys, time
by = datetime.timedelta(seconds=float(sys.argv.pop(1)))
right, real = time.time, datetime.datetime
class Shifted(real):
    @classmethod
    def now(cls, tz=None):
        return real.now(tz) + by
    @classmethod
    def utcnow(cls):
        return real.utcnow() + by
datetime.datetime = Shifted
time.time = lambda: right() + by.total_seconds()
from im.cli.main import main
main()
"""
"""`im` in a process whose clock is so many seconds off, before anything of ours is loaded."""


def shifted(tmp_path: Path, seconds: int, url: str, *words: str) -> subprocess.CompletedProcess[str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("IM_", "AWS_", "XDG_"))}
    environ = {**kept, "HOME": str(tmp_path), "IM_DATABASE_URL": url, "IM_SSH_FROM": "none", "TZ": "UTC"}
    command = [sys.executable, "-P", "-c", _SHIFTED, str(seconds), *words]
    return subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_person_whose_clock_is_an_hour_off_gets_the_deadline_that_was_asked_for(
    tmp_path: Path, database_url: str, hours: int
) -> None:
    """`-d 2h` is counted from the database's now; an extend adds to what is stored."""
    (tmp_path / "id.pub").write_text(KEY)
    key = ["--public-key", str(tmp_path / "id.pub"), "--name", "web", "-d", "2h", "--no-wait"]
    made = shifted(tmp_path, 3600 * hours, database_url, "create", *key)
    assert made.returncode == 0, made.stderr
    moved = shifted(tmp_path, 3600 * hours, database_url, "extend", "web", "-d", "30m", "--no-wait", "--json")
    assert moved.returncode == 0, moved.stderr
    (row,) = json.loads(moved.stdout)
    database = Database(database_url)
    with database.begin() as connection:
        now = connection.execute(text("SELECT now()")).scalar_one()
        created, expires_at = connection.execute(text("SELECT created_at, expires_at FROM instances")).one()
    database.dispose()
    assert abs(now - created) < timedelta(minutes=2)
    assert expires_at - created == timedelta(hours=2, minutes=30)
    assert datetime.fromisoformat(row["expires_at"]) - expires_at < timedelta(seconds=1)


# ---- the database ----------------------------------------------------------------------------------------------------


def _say(url: str, *statements: str) -> None:
    engine = make_engine(make_url(url).set(database="postgres").render_as_string(hide_password=False))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()


@pytest.fixture
def restore(world: World) -> Iterator[Callable[[], World]]:
    """A world on the copy that was made under the name of YESTERDAY, with the same cloud, which goes by its clock from then on."""
    url = make_url(world.ctx.settings.database_url)
    _say(world.ctx.settings.database_url, f"DROP DATABASE IF EXISTS {YESTERDAY} WITH (FORCE)")
    restored: list[World] = []

    def open_it() -> World:
        made = World(url.set(database=YESTERDAY).render_as_string(hide_password=False))
        made.now, made.cloud, made.provider = world.now, world.cloud, world.provider
        made.cloud.clock = lambda: made.now
        restored.append(made)
        return made

    yield open_it
    for made in restored:
        made.close()
    _say(world.ctx.settings.database_url, f"DROP DATABASE IF EXISTS {YESTERDAY} WITH (FORCE)")


def test_a_database_of_yesterday_doubles_nothing_terminates_nothing_and_lists_what_it_does_not_know(
    world: World, restore: Callable[[], World]
) -> None:
    world.create("old", seconds=86400)
    world.create("ended", seconds=86400)
    world.create("asleep", seconds=86400)
    world.advance(20)
    world.worker = False
    world.create("asked", seconds=86400)  # its launch is open in the dump, and made since
    source = make_url(world.ctx.settings.database_url).database
    world.close()
    database_of(world.ctx.settings.database_url).dispose()  # one that anybody is connected to cannot be copied
    _say(world.ctx.settings.database_url, f"CREATE DATABASE {YESTERDAY} TEMPLATE {source}")
    world.worker = True
    world.create("since", seconds=86400, count=2)
    world.terminate("ended")
    world.stop("asleep")
    world.advance(40)
    alive = set(world.machines())
    since = {world.row(f"since-{n}").provider_id for n in (1, 2)}
    asked = world.row("asked").provider_id
    calls = len(world.cloud.calls)

    restored = restore()
    restored.advance(60)
    assert len(world.cloud.calls) == calls, "it changes nothing until it is told to act"
    assert holds.settle_here(restored.ctx, actor=person("ada"))
    restored.advance(420)
    assert set(restored.machines()) == alive
    assert restored.row("asked").provider_id == asked
    assert restored.row("asked").observed is Observed.RUNNING
    assert {one.provider_id for one in queries.orphans_listed(restored.ctx).found} == since
    assert restored.row("asleep").observed is Observed.STOPPED
    ended = next(r for r in queries.listing(restored.ctx, everything=True).rows if r.name == "ended")
    assert ended.closed_at is not None
    assert "terminate" not in {call.verb for call in world.cloud.calls[calls:]}


def test_a_database_without_a_free_connection_is_told_as_one_that_does_not_answer(
    tmp_path: Path, database_url: str
) -> None:
    role = "im_crowded"
    name = make_url(database_url).database
    _say(database_url, f"DROP ROLE IF EXISTS {role}", f"CREATE ROLE {role} LOGIN PASSWORD 'x' CONNECTION LIMIT 0")
    crowded = make_url(database_url).set(username=role, password="x").render_as_string(hide_password=False)
    try:
        done = shifted(tmp_path, 0, crowded, "list")
    finally:
        _say(database_url, f"DROP ROLE {role}")
    assert name is not None
    assert done.returncode == 1
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert " refuses: too many connections" in done.stderr


# ---- nobody ticks ----------------------------------------------------------------------------------------------------


def test_without_a_beat_for_five_minutes_deadlines_are_kept_by_the_workers(world: World) -> None:
    world.create(seconds=200)
    world.create("late", seconds=250)
    world.advance(31)
    world.beat = False
    world.queue.down = True
    for _ in range(60):
        world.advance(5)
        sweep_if_stale(world.ctx)
    stopped = {c.ids[0]: (c.at - world.row().created_at).total_seconds() for c in world.cloud.calls if c.verb == "stop"}
    assert 200 <= stopped[world.row().provider_id or ""] <= 211
    assert 250 <= stopped[world.row("late").provider_id or ""] <= 261


def test_with_the_broker_frozen_for_an_hour_everything_is_done_all_the_same(world: World) -> None:
    """Created, stopped by hand and by deadline, meanwhile; when it thaws, an hour of messages changes nothing."""
    world.create("before", seconds=1800)
    world.advance(31)
    world.worker = False  # what is rung waits in the broker
    # half an hour in which something happens, and half an hour at rest
    for turn, pause in enumerate([15] * 130 + [60] * 28):
        world.advance(pause, tick=15)
        sweep_if_stale(world.ctx)
        if turn == 20:
            world.create("during", seconds=1200)
        if turn == 60:
            assert world.row("during").observed is Observed.RUNNING
            world.stop("during")
    assert (world.at_cloud("before"), world.at_cloud("during")) == (Observed.STOPPED, Observed.STOPPED)
    calls = len(world.cloud.calls)
    world.worker = True
    world.advance(30)
    assert len(world.cloud.calls) == calls
    assert len(world.machines()) == 2
