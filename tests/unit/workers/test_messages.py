"""Whatever anybody puts on the broker: it becomes one of our own messages, or is refused by the one error there is for it."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from im.queue.celery import QUEUES
from im.queue.tasks import Task
from im.queue.wire import message
from workers.messages import COMMANDS, LARGEST, Unreadable, command, doorbell

NOW = datetime(2030, 1, 1, tzinfo=UTC)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=40)
ANY = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4)
)
MOMENTS = st.datetimes(timezones=st.none() | st.just(UTC)).map(datetime.isoformat) | st.sampled_from(
    ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "2030-W01-1", "24:00", "2030-01-01T00:01:00Z"]
)
IDS = st.lists(st.text(max_size=70) | ANY, max_size=3)
CALLS = st.tuples(st.lists(IDS | ANY, max_size=2), st.just({}) | ANY, ANY).map(list) | ANY


def may_be(*right: object) -> st.SearchStrategy[Any]:
    """What belongs there, or anything."""
    return st.sampled_from(right) | ANY


HEADERS = st.fixed_dictionaries(
    {"task": may_be(*[task.value for task in Task])},
    optional={
        "id": may_be("x"),
        "eta": MOMENTS | ANY,
        "expires": MOMENTS | ANY,
        "timelimit": ANY,
        "argsrepr": ANY,
        "origin": ANY,
        "redelivered": ANY,
        "retries": ANY,
        "lang": ANY,
    },
)
PROPERTIES = st.fixed_dictionaries({"body_encoding": may_be("base64", "utf-8")}, optional={"delivery_tag": ANY})


@st.composite
def envelopes(draw: st.DrawFn, inner: st.SearchStrategy[Any]) -> dict[str, Any]:
    """As ours, with anything in each place; the body as it should be written, or not."""
    body = json.dumps(draw(inner))
    written = base64.b64encode(body.encode()).decode()
    return {
        "body": draw(st.sampled_from([written, written, body, body[:-1]]) | ANY),
        "content-type": draw(may_be("application/json", "application/json", "application/x-python-serialize")),
        "headers": draw(HEADERS | ANY),
        "properties": draw(PROPERTIES | ANY),
    }


def read(raw: bytes) -> dict[str, Any] | None:
    """As Celery is to see it; None when it is refused, which is the only thing that may be raised."""
    try:
        made = doorbell(raw, QUEUES[0], NOW)
    except Unreadable:
        return None
    return dict(json.loads(made))


@given(st.binary(max_size=300))
def test_any_bytes(raw: bytes) -> None:
    assert read(raw) is None


@given(ANY)
def test_any_json(value: object) -> None:
    assert read(json.dumps(value).encode()) is None


@given(envelopes(CALLS))
def test_an_envelope_with_anything_in_any_place(envelope: dict[str, Any]) -> None:
    seen = read(json.dumps(envelope).encode())
    if seen is None:
        return
    headers = seen["headers"]
    assert headers["task"] in set(Task)
    assert headers["timelimit"] == [None, None]
    assert len(headers["argsrepr"]) <= 200
    for name in ("eta", "expires"):
        assert headers[name] is None or abs(datetime.fromisoformat(headers[name]) - NOW) <= timedelta(days=1)
    args, kwargs, _ = json.loads(base64.b64decode(seen["body"]))
    assert kwargs == {}
    assert all(isinstance(one, str) for ids in args for one in ids)
    again = read(json.dumps(seen).encode())
    assert again is not None
    assert (again["headers"], again["body"]) == (headers, seen["body"])


@given(st.lists(st.text(alphabet="abc-0123456789", min_size=1, max_size=40), max_size=50), st.floats(0, 30))
def test_ours_go_through_as_they_are(ids: list[str], after: float) -> None:
    raw = message(Task.STOP, [ids] if ids else [], QUEUES[0], label="web, db", after=after)
    made = json.loads(doorbell(raw, QUEUES[0]))
    ours = json.loads(raw)
    assert {name: made["headers"][name] for name in ("task", "id", "argsrepr", "origin")} == {
        name: ours["headers"][name] for name in ("task", "id", "argsrepr", "origin")
    }
    assert json.loads(base64.b64decode(made["body"])) == json.loads(base64.b64decode(ours["body"]))


@given(st.integers(2_000, 100_000))
def test_however_deep_it_is_nested(depth: int) -> None:
    assert read(b"[" * depth + b"]" * depth) is None
    assert read(b'{"headers":' * depth) is None


@pytest.mark.parametrize("size", [LARGEST, LARGEST + 1, 4 * LARGEST])
def test_what_is_too_large_is_refused_unread(size: int) -> None:
    padded = json.dumps({"headers": {"task": "im.stop"}, "properties": {}, "body": ""}).encode().ljust(size)
    assert read(padded) is None


ORDERS = st.fixed_dictionaries(
    {"method": may_be(*sorted(COMMANDS), "shutdown", "pool_shrink")},
    optional={
        "arguments": ANY,
        "destination": st.lists(st.text(max_size=8)) | ANY,
        "pattern": may_be("*@host", "(a+)+$"),
        "matcher": may_be("glob", "pcre"),
        "reply_to": st.fixed_dictionaries({"exchange": may_be("x"), "routing_key": may_be("y")}) | ANY,
        "ticket": ANY,
    },
)


@given(envelopes(ORDERS | ANY) | ANY)
def test_of_the_remote_control_only_questions_come_through(envelope: object) -> None:
    try:
        seen = command(envelope, "celery.pidbox")
    except Unreadable:
        return
    asked = json.loads(base64.b64decode(seen["body"]))
    assert asked["method"] in COMMANDS
    assert asked["arguments"] == {}
    assert asked["matcher"] in (None, "glob")
