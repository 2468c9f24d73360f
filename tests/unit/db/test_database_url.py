"""A database's address: read by libpq itself, refused where a part of a password could pass for another part."""

from __future__ import annotations

import pytest

from im.db.address import arguments, shown
from im.db.read.connection import connect, no_answer
from im.domain.errors import Refused, Unavailable

READ = {
    "postgresql://h/db": {"host": "h", "dbname": "db"},
    "postgres+psycopg2://u:p@h1:5432/db?sslmode=require": {
        "user": "u",
        "password": "p",
        "host": "h1",
        "port": "5432",
        "dbname": "db",
        "sslmode": "require",
    },
    "postgresql+psycopg2://im:p%40s%2Fs%25@/bench?host=/tmp/x/s": {
        "user": "im",
        "password": "p@s/s%",
        "dbname": "bench",
        "host": "/tmp/x/s",
    },
    "postgresql://u@[::1]:55/d": {"user": "u", "host": "::1", "port": "55", "dbname": "d"},
    "postgresql://u:s@h1:1,h2:2/d?target_session_attrs=read-write": {
        "user": "u",
        "password": "s",
        "host": "h1,h2",
        "port": "1,2",
        "dbname": "d",
        "target_session_attrs": "read-write",
    },
    "host=h1,h2 port=1 user=u password='p w' dbname=d": {
        "host": "h1,h2",
        "port": "1",
        "user": "u",
        "password": "p w",
        "dbname": "d",
    },
}


@pytest.mark.parametrize("url", READ)
def test_it_is_read_as_libpq_reads_it(url: str) -> None:
    assert arguments(url) == READ[url]


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("postgresql://127.0.0.1:1/im?user=im&password=hunter2", "postgresql://im@127.0.0.1:1/im"),
        ("postgresql://im:hun ter2@h/im", "postgresql://im@h/im"),
        ("postgresql://im:hun[ter2@h/im", "postgresql://im@h/im"),
        ("host=h password='hunter2' user=im dbname=im", "postgresql://im@h/im"),
        ("postgresql://im:hunter2@h1:1,h2:2/im", "postgresql://im@h1:1,h2:2/im"),
        ("postgresql://im:hunter2@[::1]:5/im", "postgresql://im@[::1]:5/im"),
    ],
)
def test_what_is_shown_is_built_from_its_parts(url: str, told: str) -> None:
    assert shown(url) == told
    assert "hunter2" not in f"{no_answer(url, OSError('Connection refused'))}"


UNREADABLE = (
    *("mysql://u:hunter2@h/d", "sqlite:///x", "here", "//u:hunter2@h", "postgresql://u:hunter2@h:port/d"),
    *("postgresql://im:x@hunter2@h/im", "postgresql://im:x/hunter2@h/im", "postgresql://im:12/hunter2@h/im"),
    *("postgresql://im:x@y/hunter2@h/im", "postgresql://h?password=hunter2@x", "postgresql://im:%zzhunter2@h/im"),
    *("postgresql://h/im?password=x&hunter2", "host=h password=x hunter2", "host=h hunter2=x"),
    *("postgresql://u:hunter2@h/d?host=h1:1&host=h2:2", "postgresql://u:hunter2@h/d?nonsense=1"),
)


@pytest.mark.parametrize("url", UNREADABLE)
def test_any_other_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(Refused) as refused:
        arguments(url)
    assert "hunter2" not in f"{refused.value} {refused.value.hint} {shown(url)}"
    assert refused.value.__cause__ is None


def test_no_url_is_no_database() -> None:
    with pytest.raises(Unavailable, match="no database is named"):
        arguments("")


def test_an_option_that_nobody_knows_is_refused_before_anything_is_connected() -> None:
    with pytest.raises(Refused, match="cannot be read"):
        connect("postgresql://u:hunter2@127.0.0.1:1/d?nonsense=1")


def test_a_refusal_shows_the_servers_words_and_silence_ours() -> None:
    said = 'connection to server at "h" (10.0.0.1), port 5432 failed: FATAL:  database "im" does not exist\n'
    assert str(no_answer("postgresql://u:p@h/im", OSError(said))) == (
        'the database at postgresql://u@h/im refuses: database "im" does not exist'
    )
    silent = no_answer(
        "postgresql://u:p@h/im", OSError('connection to server at "h", port 5432 failed: Connection refused')
    )
    assert str(silent) == "the database at postgresql://u@h/im does not answer: nobody listens there"
