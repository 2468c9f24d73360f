"""A real Postgres for everybody: the wheel's own server in a private folder, or the one IM_TEST_DATABASE_URL names.

One migrated database per test run, emptied before each test that asks for it; the deployment's identity stays.
"""

from __future__ import annotations

import gc
import os
import shutil
import subprocess
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest
import structlog
from hypothesis import settings
from sqlalchemy import text
from sqlalchemy.engine import make_url

from im import logs
from im.counted import TALLY
from im.db.engine import make_engine
from im.db.schema import migrate
from tests import reaper
from tests.servers import Server
from tests.suite.order import in_turn, spread
from tests.suite.sample import amiss, sample
from tests.world import World, empty

# no test judges how long something took; Hypothesis would, on a machine that is busy
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


_REAPER = pytest.StashKey[subprocess.Popen[bytes]]()


def pytest_configure(config: pytest.Config) -> None:
    gc.disable()  # until all is imported
    inner = hasattr(config, "workerinput")
    reaper.restore_signals(inner=inner)
    started = None if inner else reaper.begin()
    if started is not None:
        config.stash[_REAPER] = started


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Chaos and what is long are run when they are asked for, by their marker or by their file's name."""
    for one in items:
        if "chaos" in one.path.parts:
            one.add_marker("chaos")
    whole = os.environ.get("IM_KILL_POINTS") == "all"
    sample(one for one in items if not (whole and "chaos" in one.path.parts))
    if config.args_source is not pytest.Config.ArgsSource.ARGS and (wrong := amiss(items)):
        raise pytest.UsageError(*wrong)
    if config.option.markexpr:
        return
    left_out = [one for one in items if _unasked(one, config.args)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [one for one in items if one not in set(left_out)]
    if inner := getattr(config, "workerinput", None):
        by_turns = config.option.maxschedchunk == 1
        items[:] = in_turn(items) if by_turns else spread(items, int(inner["workercount"]))


def pytest_collection_finish() -> None:
    """What was imported stays: a collector that went through all of it again and again took a tenth of a run's time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    gc.enable()


def _unasked(one: pytest.Item, asked: Sequence[str]) -> bool:
    if "chaos" in one.path.parts and not any("chaos" in word for word in asked):
        return True
    return one.get_closest_marker("long") is not None and not any(one.path.name in word for word in asked)


def pytest_unconfigure(config: pytest.Config) -> None:
    if _REAPER in config.stash:
        reaper.finish(config.stash[_REAPER])


@pytest.fixture(autouse=True)
def own_log() -> Iterator[None]:
    """A command decides where its log goes, and a process keeps what it decided; the next test decides anew."""
    _decide_anew()
    yield
    _decide_anew()


@pytest.fixture(autouse=True)
def nothing_counted() -> None:
    """What one test's processes have counted is not the next one's."""
    TALLY.forget()  # the series that it tells apart too: a process of tests sees more of them than any other


def _decide_anew() -> None:
    structlog.reset_defaults()
    logs._log.to_stderr = None
    logs._log.__dict__.pop("_logger", None)


@pytest.fixture(autouse=True)
def nothing_learnt(monkeypatch: pytest.MonkeyPatch) -> None:
    """What one test's settings hold is no secret to the next."""
    monkeypatch.setattr("im.secret._known", set())


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A server's URL, with a database of ours on it that nobody else uses."""
    given = os.environ.get("IM_TEST_DATABASE_URL")
    if given:
        with _own_database(given) as url:
            yield url
        return
    folder = reaper.new_folder("im-t-")
    server = Server(folder)
    try:
        server.make()
        yield server.url
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def migrated_url(postgres_url: str) -> str:
    migrate.upgrade(postgres_url)
    return postgres_url


@pytest.fixture
def database_url(migrated_url: str) -> str:
    """The migrated database, empty but for its identity."""
    empty(migrated_url)
    return migrated_url


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    """Real services and Postgres, a cloud in memory, a clock that only the test moves."""
    made = World(database_url)
    yield made
    made.close()


@contextmanager
def _own_database(server: str) -> Iterator[str]:
    """A database made for this run on a given server, and dropped after it."""
    name = f"im_test_{uuid.uuid4().hex[:12]}"
    _execute(server, f'CREATE DATABASE "{name}"')
    try:
        yield make_url(server).set(database=name).render_as_string(hide_password=False)
    finally:
        _execute(server, f'DROP DATABASE "{name}" WITH (FORCE)')


def _execute(server: str, statement: str) -> None:
    engine = make_engine(server).execution_options(isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()
