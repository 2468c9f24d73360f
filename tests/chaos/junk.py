"""What a stranger may put on the broker: a good message with every kind of value in each of its places, and what is no message."""

from __future__ import annotations

import base64
import json
import pickle
from collections.abc import Iterator
from random import Random
from typing import Any

from im.queue.tasks import REQUESTS, Task
from im.queue.wire import message

VALUES: tuple[Any, ...] = (
    None,
    True,
    -1,
    1e308,
    10**60,
    "",
    "x",
    "@@@",
    "\x00\x1b[31m",
    "\ud800",
    "9999-12-31T23:59:59+00:00",
    "0001-01-01T00:00:00",
    "x" * 5000,
    [],
    ["x", "x"],
    [None, None, None],
    {},
    {"id": "*"},
    {"__type__": "decimal", "__value__": "x"},
    {"__type__": ["x"], "__value__": 1},
)
RAW = (
    b"",
    b"@@@",
    b"null",
    b"42",
    b"[]",
    b'"text"',
    b"{}",
    b'{"body": 1}',
    b'{"properties": {}}',
    b'{"__type__": "decimal", "__value__": "x"}',
    b"\xff\xfe\x00",
    b"[" * 50_000,
    b"1" * 6000,
    b"x" * 1_000_000,
)
_INSTEAD = (
    '"x"',
    '"@@@"',
    "null",
    "{",
    "[[]]",
    "[[[]], {}, {}]",
    '[["x", "y"], {"a": 1}, {}]',
    "[[[1, null]], {}, {}]",
    "NaN",
)


def envelopes(rng: Random) -> Iterator[bytes]:
    """Some eight hundred messages for a queue, in an order drawn by `rng`."""
    good = json.loads(message(Task.STOP, [["im-0"]], REQUESTS))
    made = list(RAW)
    made += _changed(good)
    for part in ("headers", "properties"):
        made += [json.dumps({**good, part: one}).encode() for one in map(json.loads, _changed(good[part]))]
    delivery = good["properties"]["delivery_info"]
    for one in map(json.loads, _changed(delivery)):
        made.append(json.dumps({**good, "properties": {**good["properties"], "delivery_info": one}}).encode())
    for header in ("compression", "shadow", "stamps", "redelivered", "errbacks"):
        made += [json.dumps({**good, "headers": {**good["headers"], header: value}}).encode() for value in VALUES]
    made += [json.dumps({**good, "body": _encoded(body)}).encode() for body in _INSTEAD]
    made.append(
        json.dumps({**good, "headers": {}, "body": _encoded('{"task": "im.stop", "id": {}, "args": 1}')}).encode()
    )
    pickled = base64.b64encode(pickle.dumps([["im-0"]])).decode()
    made.append(json.dumps({**good, "content-type": "application/x-python-serialize", "body": pickled}).encode())
    rng.shuffle(made)
    yield from made


def broadcasts(rng: Random) -> Iterator[bytes]:
    """The same for the remote control's channel."""
    question = {"method": "ping", "arguments": {}, "destination": None, "pattern": None, "matcher": None}
    good = json.loads(message(Task.STOP, [], REQUESTS))
    made = [raw for raw in RAW if raw]
    made += _changed(good)
    made += [json.dumps({**good, "body": _encoded(one.decode())}).encode() for one in _changed(question)]
    made += [
        json.dumps({**good, "body": _encoded(json.dumps({**question, "reply_to": value}))}).encode() for value in VALUES
    ]
    endless = {**question, "matcher": "pcre", "pattern": "(a+)+$" * 9}
    made.append(json.dumps({**good, "body": _encoded(json.dumps(endless))}).encode())
    made += [json.dumps({**good, "headers": {"clock": value, "expires": value}}).encode() for value in VALUES]
    rng.shuffle(made)
    yield from made


def _changed(good: dict[str, Any]) -> list[bytes]:
    """`good` with each of its fields left out, and with each value in its place."""
    without = [json.dumps({k: v for k, v in good.items() if k != name}).encode() for name in good]
    return without + [json.dumps({**good, name: value}).encode() for name in good for value in VALUES]


def _encoded(body: str) -> str:
    return base64.b64encode(body.encode("utf-8", "surrogatepass")).decode()
