"""A database that was restored from a backup: its deadlines are old ones, and none is enforced before somebody has seen which."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from im.domain.hold import HoldKind
from im.domain.state import Observed
from im.services import queries
from im.services.deadlines import notices
from im.services.health.doctor import diagnose
from im.stack import postgres
from im.views.exits import Exit
from im.views.words.freshness import freshness
from tests import reaper
from tests.documented import ROOT, lines, words_of_im
from tests.integration.deadlines.two_servers import ends, kinds, together
from tests.integration.typed import run
from tests.servers import DATABASE, Server
from tests.world import World, database_of

PAGE = ROOT / "docs" / "restore.md"
LINES = [line.text for line in lines(PAGE)]


@pytest.fixture
def attic() -> Iterator[Path]:
    """Where backups are kept; short enough for a server to run in."""
    folder = reaper.new_folder("im-b-")
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def shell(line: str, server: Server, cwd: Path) -> str:
    """A line of the page, as its reader's shell runs it."""
    url = f"postgresql://im@/{DATABASE}?host={server.sockets / 'pg'}"
    there = {"PATH": f"{postgres.binary('psql').parent}:{os.environ['PATH']}", "IM_DATABASE_URL": url}
    done = subprocess.run(["sh", "-c", line], env=there, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{line}\n{done.stderr}"
    return done.stdout


def line_of(page: list[str], start: str) -> str:
    return next(line for line in page if line.startswith(start))


def dumped(world: World, server: Server, attic: Path) -> Callable[[], None]:
    """Dump it as the page says; what is returned restores it so."""
    shell(line_of(LINES, "pg_dump"), server, attic)

    def restore() -> None:
        database_of(server.url).dispose()
        for line in (line_of(LINES, "psql"), line_of(LINES, "pg_restore")):
            shell(line, server, attic)

    return restore


def unattended(world: World) -> None:
    """Hours pass, in which `web` was extended, `late` was started again and nothing else was done by hand."""
    world.extend("web", seconds=7200)
    world.advance(300)
    world.extend("late", seconds=7200)
    world.advance(100)
    assert {world.at_cloud(name) for name in ("web", "late")} == {Observed.RUNNING}


def test_a_dump_restored_in_place_stops_nothing_until_somebody_has_seen_what(
    original: Server, first: World, attic: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    restore = dumped(first, original, attic)
    first.advance(10)
    unattended(first)
    done = [ends(first, name) for name in ("web", "late")]
    restore()
    calls = len(first.cloud.calls)
    first.advance(200)
    assert kinds(first) == {HoldKind.RESTORED}
    assert [ends(first, name) for name in ("web", "late")] == done
    assert {call.verb for call in first.cloud.calls[calls:]} <= {"list", "describe"}
    assert "nothing sent" in notices.notify(first.ctx)

    told = freshness(queries.listing(first.ctx))[0]
    assert told.startswith("DEADLINES ARE HELD: this database was restored from a dump")
    assert "DEADLINES ARE HELD" in run(first, "list").output
    (check,) = [one for one in diagnose(first.ctx.settings, "deadlines") if not one.ok and "held" in one.name]
    assert (check.name, check.fix.split("  ")[0]) == ("held, restored", "im db resume")

    shown = json.loads(run(first, "db", "resume", "--json").stdout)
    assert [(one["do"], one["name"], one["state"]) for one in shown["would"]] == [
        ("stop", "web", "running"),
        ("stop", "late", "running"),
    ]
    assert not shown["resumed"]
    refused = run(first, "db", "resume")
    assert refused.exit_code == Exit.USAGE
    assert re.search(r"stop +at once +web +its deadline here was .*; running, ada's", refused.output)
    assert "2 machines would be changed at once, and nobody is here to ask" in refused.output
    monkeypatch.setattr("im.cli.output.confirm.is_attended", lambda: True)
    assert "deadlines stay held" in run(first, "db", "resume", typed="n\n").output
    first.advance(60)
    assert kinds(first) == {HoldKind.RESTORED}

    first.extend("web", seconds=7200)
    assert run(first, "db", "resume", typed="y\n").exit_code == Exit.OK
    first.advance(100)
    assert kinds(first) == set()
    assert first.at_cloud("web") is Observed.RUNNING, "it was given a new deadline before"
    assert first.at_cloud("late") is Observed.STOPPED, "and this one was seen, and said yes to"
    again = json.loads(run(first, "db", "resume", "--json").stdout)
    assert (again["holds"], again["resumed"]) == ([], False)


@pytest.mark.parametrize(
    "how",
    [
        "point in time",
        pytest.param("base backup", marks=pytest.mark.long),
        pytest.param("snapshot", marks=pytest.mark.long),
    ],
)
def test_a_server_put_back_stops_nothing_either(how: str, original: Server, first: World, attic: Path) -> None:
    kept = attic / "kept"
    if how == "snapshot":
        original.snapshot(kept)
    else:
        kept = original.backup(attic).layout.postgres
    if how == "point in time":
        original.say("SELECT pg_create_restore_point('before')")
    first.advance(10)
    unattended(first)
    if how == "point in time":
        original.say("SELECT pg_switch_wal()")
        shutil.copytree(original.layout.postgres / "pg_wal", kept / "kept_wal")
        with (kept / "postgresql.auto.conf").open("a") as settings:
            settings.write("restore_command = 'cp kept_wal/%f %p'\nrecovery_target_action = 'promote'\n")
            settings.write("recovery_target_name = 'before'\n")
        (kept / "recovery.signal").touch()
    original.put_back(kept)

    first.advance(30)
    assert kinds(first) == {HoldKind.WATCH}, "at first it may be a failover"
    first.advance(170)
    assert kinds(first) == {HoldKind.RESTORED}
    assert {first.at_cloud(name) for name in ("web", "late")} == {Observed.RUNNING}
    (held,) = [line for line in freshness(queries.listing(first.ctx)) if "HELD" in line]
    assert re.search(
        r"what it knows of fake/default/fake-1 ends at 2030-01-01 12:0[01]:\d\d UTC, and im worked on", held
    )
    assert run(first, "db", "resume", "--yes").exit_code == Exit.OK
    first.advance(60)
    assert kinds(first) == set()
    assert {first.at_cloud(name) for name in ("web", "late")} == {Observed.STOPPED}, "that is what it knows"


@pytest.mark.long
def test_rows_put_back_under_a_running_server_are_seen_by_the_mark(original: Server, first: World, attic: Path) -> None:
    """Data alone: the tables are the same, and Postgres has nothing to tell it by. The next listing has."""
    shell(
        f"pg_dump --data-only --format=custom --file={attic}/rows {DATABASE} -h {original.sockets}/pg -U im",
        original,
        attic,
    )
    first.advance(10)
    unattended(first)
    tables = "SELECT string_agg(quote_ident(tablename), ',') FROM pg_tables WHERE schemaname = 'public'"
    named = shell(f'psql -U im -h {original.sockets}/pg -Atc "{tables}" {DATABASE}', original, attic).strip()
    shell(f'psql -U im -h {original.sockets}/pg -c "TRUNCATE {named}" {DATABASE}', original, attic)
    first.beat = False
    shell(
        f"pg_restore --data-only --disable-triggers -U im -h {original.sockets}/pg -d {DATABASE} rows", original, attic
    )
    together(1, first)
    first.beat = True
    first.advance(10)
    assert kinds(first) == {HoldKind.RESTORED}


def test_every_line_of_the_page_is_typed_in_its_order(
    original: Server, first: World, attic: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first.create("web-1", seconds=60)
    first.advance(10)
    told: list[str] = []
    for line in LINES:
        if line.startswith("docker compose"):
            continue  # the same way in containers: tests/deploy/fleet.py
        words = words_of_im(shlex.split(line))
        if words is None:
            if line.startswith("psql"):  # hours after the dump
                first.extend("web-1", seconds=7200)
                first.advance(300)
                database_of(original.url).dispose()
            told.append(shell(line, original, attic))
            continue
        if words[:2] == ["db", "upgrade"]:
            continue  # integration/db/test_migrations.py
        if words[0] == "doctor":
            told.append(" ".join(one.detail for one in diagnose(first.ctx.settings, "deadlines")))
            continue
        done = run(first, *words)
        assert done.exit_code == Exit.OK, f"{line}\n{done.output}"
        told.append(done.output)
        first.advance(31)
    assert first.at_cloud("web-1") is Observed.RUNNING
    assert kinds(first) == set()
    assert any("restored from a dump" in one for one in told)
    assert ends(first, "web-1") == []
