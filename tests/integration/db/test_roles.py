"""The three users of the database: what each may do, what is refused, and in which words."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from urllib.parse import quote

import psycopg2
import pytest

from im.db.address import arguments
from im.db.schema import migrate
from im.db.schema.roles import LOOK, MIGRATE, ROLES, WORK, ensure
from im.domain.state import Desired
from tests.world import World

PASSWORDS = {role: f"p@ss/{role}" for role in ROLES}


@pytest.fixture
def urls(world: World, database_url: str) -> Iterator[dict[str, str]]:
    ensure(database_url, PASSWORDS)
    given = arguments(database_url)
    at = f"{quote(str(given['host']), safe='')}" + (f":{given['port']}" if given.get("port") else "")
    yield {role: f"postgresql://{role}:{quote(PASSWORDS[role], safe='')}@{at}/{given['dbname']}" for role in ROLES}
    with psycopg2.connect(**arguments(database_url)) as raw, raw.cursor() as cursor:
        cursor.execute("SELECT current_user")
        owner = cursor.fetchone()[0]
        for role in ROLES:
            cursor.execute(f'REASSIGN OWNED BY {role} TO "{owner}"; DROP OWNED BY {role}; DROP ROLE {role}')
    raw.close()


def im(url: str, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "IM_DATABASE_URL": url,
        "IM_BROKER_URL": "redis://127.0.0.1:1/0",
        "IM_PROVIDER": "fake",
    }
    command = [sys.executable, "-P", "-m", "im.cli.main", *words]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.parametrize(
    "words", [("list",), ("status", "web"), ("history", "web"), ("why", "web"), ("cost",), ("agenda",)]
)
def test_who_may_look_sees_everything(world: World, urls: dict[str, str], words: tuple[str, ...]) -> None:
    world.create("web")
    done = im(urls[LOOK], *words)
    assert (done.returncode, "Traceback" in done.stderr) == (0, False), done.stderr


@pytest.mark.parametrize(
    "words",
    [("terminate", "web", "-y"), ("stop", "web"), ("protect", "web"), ("pause", "--for", "1h", "--reason", "x")],
)
def test_who_may_look_changes_nothing_and_is_told_so(
    world: World, urls: dict[str, str], words: tuple[str, ...]
) -> None:
    world.create("web")
    before = world.row("web")
    done = im(urls[LOOK], *words)
    assert done.returncode == 2, done.stderr
    assert "may not do this, so nothing was stored" in done.stderr
    assert "im_work" in done.stderr
    assert PASSWORDS[LOOK] not in done.stderr + done.stdout
    assert world.row("web") == before


def test_who_may_work_stops_and_cannot_change_the_schema(world: World, urls: dict[str, str]) -> None:
    world.create("web", seconds=600)
    assert im(urls[WORK], "stop", "web", "--no-wait").returncode == 0
    assert world.row("web").desired is Desired.STOPPED
    raw = psycopg2.connect(urls[WORK])
    for statement in ("DROP TABLE events", "CREATE TABLE mine (x int)", "DELETE FROM alembic_version"):
        with pytest.raises(psycopg2.errors.InsufficientPrivilege), raw, raw.cursor() as cursor:
            cursor.execute(statement)
    raw.close()


def test_user_data_is_nobodys_to_look_at(urls: dict[str, str]) -> None:
    raw = psycopg2.connect(urls[LOOK])
    with pytest.raises(psycopg2.errors.InsufficientPrivilege), raw, raw.cursor() as cursor:
        cursor.execute("SELECT * FROM user_data")
    raw.close()


def test_the_secrets_of_webhooks_are_nobodys_to_look_at_from_the_first_moment_on(urls: dict[str, str]) -> None:
    """Who looks has been granted every table that is to come: the migration that makes this one takes it back."""
    migrate.downgrade(urls[MIGRATE], "0024")
    migrate.upgrade(urls[MIGRATE])
    raw = psycopg2.connect(urls[LOOK])
    with raw, raw.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM webhooks")
    with pytest.raises(psycopg2.errors.InsufficientPrivilege), raw, raw.cursor() as cursor:
        cursor.execute("SELECT * FROM webhook_secrets")
    raw.close()


def test_who_migrates_owns_what_is_there_and_what_comes(urls: dict[str, str], database_url: str) -> None:
    migrate.upgrade(urls[MIGRATE])
    raw = psycopg2.connect(urls[MIGRATE])
    with raw, raw.cursor() as cursor:
        cursor.execute("CREATE TABLE new_one (x int)")
    raw.close()
    worker = psycopg2.connect(urls[WORK])
    with worker, worker.cursor() as cursor:
        cursor.execute("INSERT INTO new_one VALUES (1)")
    worker.close()
    owner = psycopg2.connect(urls[MIGRATE])
    with owner, owner.cursor() as cursor:
        cursor.execute("DROP TABLE new_one")
    owner.close()


def test_rights_are_given_again_at_any_time(urls: dict[str, str], database_url: str) -> None:
    assert ensure(database_url, PASSWORDS).changed == 0


def test_a_password_that_is_missing_is_named(database_url: str) -> None:
    environment = {**os.environ, "IM_DATABASE_URL": database_url, "IM_WORK_PASSWORD": "x"}
    command = [sys.executable, "-P", "-m", "im.cli.main", "db", "roles"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 2
    assert "IM_MIGRATE_PASSWORD" in done.stderr
