"""A database's URL, read without SQLAlchemy: the driver is given what SQLAlchemy would give it."""

from __future__ import annotations

import pytest
from sqlalchemy.dialects.postgresql.psycopg2 import PGDialect_psycopg2
from sqlalchemy.engine import make_url

from im.db.asking import arguments, connect
from im.domain.errors import Refused, Unavailable

URLS = (
    "postgresql://",
    "postgresql://h/db",
    "postgres+psycopg2://u:p@h1:5432/db?sslmode=require",
    "postgresql+psycopg2://im:p%40s%2Fs%25@/bench?host=/tmp/x/s",
    "postgresql+asyncpg://u:p/q@h/d",
    "postgresql://u@/d?host=%2Ftmp%2Fa+b&application_name=mine",
    "postgresql://u@[::1]:55/d",
    "postgresql://u:s@h/d?host=h1:1&host=h2:2",
)


@pytest.mark.parametrize("url", URLS)
def test_it_is_read_as_sqlalchemy_reads_it(url: str) -> None:
    parsed = make_url(url.replace("postgres+", "postgresql+"))
    _, given = PGDialect_psycopg2().create_connect_args(parsed)  # type: ignore[no-untyped-call]
    assert arguments(url) == {name: str(value) for name, value in given.items()}


def test_several_hosts_on_the_usual_port_are_a_list() -> None:
    given = arguments("postgresql://u:s@h/d?host=h1&host=h2&target_session_attrs=read-write")
    assert (given["host"], given.get("port"), given["target_session_attrs"]) == ("h1,h2", None, "read-write")


def test_no_url_is_no_database() -> None:
    with pytest.raises(Unavailable, match="no database is named"):
        arguments("")


@pytest.mark.parametrize(
    "url", ["mysql://u:hunter2@h/d", "sqlite:///x", "here", "//u:hunter2@h", "postgresql://u:hunter2@h:port/d"]
)
def test_any_other_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(Refused) as refused:
        arguments(url)
    assert "hunter2" not in f"{refused.value} {refused.value.hint}"


def test_an_option_that_nobody_knows_is_refused_before_anything_is_connected() -> None:
    with pytest.raises(Refused, match="nonsense") as refused:
        connect("postgresql://u:hunter2@127.0.0.1:1/d?nonsense=1")
    assert "hunter2" not in str(refused.value)
