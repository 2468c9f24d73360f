"""What people say of themselves is bounded and visible by the database's own word, and its refusal is told in ours."""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Iterator

import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url

from im.db.engine import Database, make_engine
from im.db.schema import migrate
from im.db.schema.said import SAID, UNSEEN, Said
from im.domain.errors import Refused
from im.domain.spec.names import check_name
from tests.world import World

HARMFUL = [
    "a\x1b[31m",
    "a\nBcc: eve",
    "a\x9b2J",
    "a\u202eb",
    "a\u2066b",
    "a\u200bb",
    "\ufeffa",
    "a\u2028b",
    "a\U000e0041b",
]


def _write(world: World, column: str, value: str) -> None:
    with world.ctx.begin() as connection:
        connection.execute(text(f"UPDATE instances SET {column} = :value"), {"value": value})


@pytest.mark.parametrize("column", ["owner", "by", "name"])
@pytest.mark.parametrize("value", [*HARMFUL, "x" * 129])
def test_what_cannot_be_shown_is_refused_by_the_database_and_told_in_our_words(
    world: World, column: str, value: str
) -> None:
    world.create("web")
    with pytest.raises(Refused) as refused:
        _write(world, column, value)
    told = f"{refused.value.message}. {refused.value.hint}"
    assert told.isprintable()
    assert "nothing was stored" in told
    assert not any(word in told for word in ("ck_", "constraint", "psycopg", "row"))
    assert world.row("web").owner == "ada"


@pytest.mark.parametrize("said", SAID, ids=lambda one: one.constraint)
def test_each_column_that_repeats_a_person_has_its_rule(world: World, said: Said) -> None:
    query = text("SELECT convalidated, pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = :name")
    table, name = said.table.name, said.constraint
    with world.ctx.begin() as connection:
        ((validated, rule),) = connection.execute(query, {"name": name}).all()
        connection.execute(text(f"ALTER TABLE {table} DROP CONSTRAINT {name}"))
        connection.execute(text(f"ALTER TABLE {table} ADD CONSTRAINT {name} CHECK ({said.check}) NOT VALID"))
        ((_, again),) = connection.execute(query, {"name": name}).all()
        connection.rollback()
    assert again.removesuffix(" NOT VALID") == rule.removesuffix(" NOT VALID"), "tables and migrations say the same"
    assert validated is (table != "events")  # history is appended to, and too long to be read at once


def test_whatever_the_door_lets_in_the_database_takes_and_no_invisible_character_passes(world: World) -> None:
    """Of all of Unicode, as this Python knows it."""
    every = [code for code in range(1, sys.maxunicode + 1) if not 0xD800 <= code < 0xE000]
    query = f"SELECT n FROM generate_series(1, 1114111) n WHERE n NOT BETWEEN 55296 AND 57343 AND chr(n) ~ '{UNSEEN}'"
    with world.ctx.begin() as connection:
        refused = {chr(code) for code in connection.execute(text(query)).scalars()}
    assert not [c for c in refused if c.isprintable()], "the database is stricter than the door"
    unseen = {c for c in map(chr, every) if unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp")}
    assert unseen <= refused


@pytest.mark.parametrize("name", ["web", "w", "web-1", "a" * 63])
def test_every_name_that_the_door_lets_in_is_taken(world: World, name: str) -> None:
    world.create("plain")
    _write(world, "name", check_name(name))
    assert world.row(name).name == name


@pytest.fixture
def before(postgres_url: str) -> Iterator[Database]:
    """A database as the version before left it."""
    engine = make_engine(postgres_url).execution_options(isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text("CREATE DATABASE im_before"))
    url = make_url(postgres_url).set(database="im_before").render_as_string(hide_password=False)
    migrate.upgrade(url, "0017")
    database = Database(url)
    yield database
    database.dispose()
    with engine.connect() as connection:
        connection.execute(text("DROP DATABASE im_before WITH (FORCE)"))
    engine.dispose()


def test_what_was_written_before_the_rule_is_mended_and_can_go_on_being_changed(before: Database) -> None:
    columns = (
        "id, name, owner, scope_id, spec, created_at, desired, why, by, expires_at, on_expiry, generation, observed"
    )
    with before.begin() as connection:
        run = connection.execute
        for account in ("a\x1b", "a\x07", "prod"):
            run(text("INSERT INTO scopes (provider, account, region) VALUES ('aws', :a, 'eu-west-1')"), {"a": account})
        run(
            text(
                f"INSERT INTO instances ({columns}, observed_at) VALUES ('im-1', :name, :owner, 1, '{{}}', now(), 'stopped',"
                " 'user', :by, now(), 'stop', 1, 'stopped', now())"
            ),
            {"name": "w\x1b[31m", "owner": "ada\x1b[31m", "by": "x" * 400},
        )
        event = "INSERT INTO events (instance_id, at, kind, actor, reason, generation) VALUES ('im-1', now(), 'x', :a, :r, 1)"
        run(text(event), {"a": "eve\x1b", "r": "one\ntwo"})
        for owner, usd in (("ada\x1b[31m", 50), ("ada\x07[31m", 20), ("ben", 7)):
            budget = "INSERT INTO budgets (owner, usd_per_month, set_by, set_at) VALUES (:o, :usd, 'ada', now())"
            run(text(budget), {"o": owner, "usd": usd})
        hold = "INSERT INTO holds (kind, since, until, by, reason) VALUES ('pause', now(), now(), 'ada', :r)"
        run(text(hold), {"r": "incident\n" * 60})
    migrate.upgrade(before._url)
    with before.begin() as connection:
        run = connection.execute
        assert run(text("SELECT name, owner, by FROM instances")).one() == ("im-1", "ada?[31m", "x" * 128)
        accounts = run(text("SELECT account FROM scopes ORDER BY id")).scalars().all()
        assert accounts == ["account-1", "account-2", "prod"]
        budgets = run(text("SELECT owner, usd_per_month FROM budgets ORDER BY owner")).all()
        assert [(owner, int(usd)) for owner, usd in budgets] == [("ada?[31m", 20), ("ben", 7)]
        assert run(text("SELECT char_length(reason) FROM holds")).scalar_one() == 300
        assert run(text("SELECT count(*) FROM events")).scalar_one() == 1
        run(text("UPDATE instances SET observed = 'running'"))
        run(text("UPDATE scopes SET refreshed_at = now()"))
        run(text("UPDATE holds SET until = now()"))
