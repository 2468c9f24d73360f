"""Postgres and the broker over TLS, each with an authority of one's own; what is not to be trusted is refused in words."""

from __future__ import annotations

import os
import pwd
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from kombu import pools

from im.db.engine import Database
from im.db.read.connection import ReadConnection
from im.domain.errors import Unavailable
from im.domain.state import Observed
from im.queue.celery import CeleryQueue
from im.queue.tasks import REQUESTS, Task
from im.services.health.doctor import diagnose
from im.settings import Settings
from im.stack import postgres
from tests import reaper
from tests.broker import PASSWORD, Broker
from tests.integration.certificates import Certificates, certificates, tls_door
from tests.pooler import pooler
from tests.world import World


@pytest.fixture
def trusted() -> Iterator[Certificates]:
    """Where a server that is not root may read its own."""
    folder = reaper.new_folder("im-tls-")
    made = certificates(folder)
    if user := postgres.server_user():
        for one in (folder, made.server, made.key):
            os.chown(one, pwd.getpwnam(user).pw_uid, -1)
    made.key.chmod(0o600)
    yield made
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def over_tls(database_url: str, trusted: Certificates) -> Iterator[str]:
    """Debian's PgBouncer before it, which takes callers over TLS alone."""
    shown = (f"client_tls_key_file={trusted.key}", f"client_tls_cert_file={trusted.server}")
    with pooler(database_url, "client_tls_sslmode=require", *shown) as url:
        yield url.replace("127.0.0.1", "localhost")


def test_a_life_over_tls_with_an_authority_of_ones_own(over_tls: str, trusted: Certificates) -> None:
    url = f"{over_tls}?sslmode=verify-full&sslrootcert={trusted.authority}"
    world = World(url)
    world.create("web", seconds=60)
    world.advance(10)
    world.extend("web", seconds=60)
    world.advance(90)
    assert world.at_cloud("web") is Observed.RUNNING
    world.advance(60)
    assert world.at_cloud("web") is Observed.STOPPED
    world.close()
    (check,) = diagnose(Settings(database_url=url), "database")
    assert check.ok


@pytest.mark.parametrize("wrong", ["authority", "name"])
def test_a_server_that_is_not_to_be_trusted_is_refused_in_words(
    wrong: str, over_tls: str, trusted: Certificates, tmp_path: Path
) -> None:
    authority = certificates(tmp_path / "another").authority if wrong == "authority" else trusted.authority
    host = over_tls if wrong == "authority" else over_tls.replace("localhost", "127.0.0.1")
    url = f"{host}?sslmode=verify-full&sslrootcert={authority}"
    for attempt in (Database(url).begin, ReadConnection(url).look):
        with pytest.raises(Unavailable, match="its certificate is not one that this machine trusts"), attempt():
            pass


def test_a_file_of_certificates_that_is_not_there_is_named_and_not_the_servers_fault(
    over_tls: str, trusted: Certificates
) -> None:
    for given, says in (
        ("sslmode=verify-full&sslrootcert=/nowhere.pem", "no file where its sslrootcert says"),
        (f"sslmode=require&sslcert={trusted.server}&sslkey=/nowhere.pem", "the key that its sslkey names"),
    ):
        wrong = ReadConnection(f"{over_tls}?{given}")
        with pytest.raises(Unavailable, match=says), wrong.look():
            pass


def test_a_server_without_tls_is_told_so(database_url: str) -> None:
    with pooler(database_url) as url:
        plain = ReadConnection(f"{url}?sslmode=require")
        with pytest.raises(Unavailable, match="does not speak TLS as IM_DATABASE_URL asks"), plain.look():
            pass


@pytest.fixture
def broker() -> Iterator[Broker]:
    made = Broker()
    made.start()
    yield made
    made.close()


@pytest.fixture
def rings() -> Iterator[Callable[[str], bool]]:
    """Is a doorbell taken there? Doctor has to say the same. Celery keeps connections by their address, whatever is trusted."""

    def ring(url: str) -> bool:
        pools.reset()
        taken = CeleryQueue(Settings(broker_url=url)).ring(Task.CREATE, ["im-0000000000"])
        pools.reset()
        (check,) = diagnose(Settings(broker_url=url), "broker")
        assert check.ok is taken
        assert taken or "its certificate is not one that this machine trusts" in check.detail
        assert PASSWORD not in f"{check.detail} {check.fix}"
        return taken

    yield ring
    pools.reset()


def test_the_broker_is_rung_over_tls_and_only_one_that_is_trusted(
    broker: Broker, trusted: Certificates, tmp_path: Path, rings: Callable[[str], bool]
) -> None:
    another = certificates(tmp_path / "another").authority
    with tls_door(broker.port, trusted) as port:
        where = f"rediss://:{PASSWORD}@localhost:{port}/0"
        assert rings(f"{where}?ssl_cert_reqs=required&ssl_ca_certs={trusted.authority}")
        assert rings(f"{where}?ssl_ca_certs={trusted.authority}")
        assert broker.hand.llen(REQUESTS) == 2
        assert not rings(f"{where}?ssl_cert_reqs=required&ssl_ca_certs={another}")
        assert not rings(where), "nobody said that it is not to be checked"
        assert broker.hand.llen(REQUESTS) == 2
        assert rings(f"{where}?ssl_cert_reqs=none")


def test_a_broker_that_is_asked_over_tls_in_a_wrong_way_is_told_with_what_to_write(broker: Broker) -> None:
    where = f"rediss://:{PASSWORD}@127.0.0.1:{broker.port}/0"
    (plain,) = diagnose(Settings(broker_url=where), "broker")
    assert (plain.ok, "redis://" in plain.fix) == (False, True), "a server without TLS waits, and says nothing"
    (lost,) = diagnose(Settings(broker_url=f"{where}?ssl_ca_certs=/nowhere.pem"), "broker")
    assert (lost.ok, "ssl_ca_certs" in lost.fix) == (False, True), lost.detail
    assert PASSWORD not in f"{plain} {lost}"
