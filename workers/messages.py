"""What lies on the broker, read as one of our own messages and written anew, or refused.

Anybody on the broker can put anything there, and Celery ends its consumer over many a value that it did not expect (its
celery.worker.request reads headers unchecked), whereupon the message comes back. So nothing of a message is passed on but what was
read here and understood.
"""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from im.queue.tasks import DOORBELLS_PER_MESSAGE, Task

LARGEST = 262_144
"""Bytes of a message; the most ids that one may carry come to a third of it."""
AHEAD = timedelta(minutes=2)
"""How far ahead a hint may be dated: ours are at most 30 s, and what is held until then holds memory."""
AGE = timedelta(days=1)
"""How far a moment may be from now at all; Celery's arithmetic breaks at the ends of the calendar."""
_ID, _TEXT = 64, 200

REPLIES = ".reply.celery.pidbox"
"""How the queue ends on which somebody who asks waits for answers; no worker does."""
COMMANDS = frozenset({"ping", "stats", "active_queues", "active", "registered", "scheduled", "reserved", "revoked"})
"""Of Celery's remote control what `im doctor` and Flower ask: questions, none of which changes a worker."""


class Unreadable(ValueError):
    """It is none of ours; the words say why, and hold nothing of the message itself."""


def checked(ids: object) -> list[str] | None:
    """The ids of a message if it is one of ours by shape, else None."""
    if not isinstance(ids, list | tuple) or len(ids) > DOORBELLS_PER_MESSAGE:
        return None
    return list(ids) if all(_is_plain(i, _ID) for i in ids) else None


def doorbell(raw: bytes, queue: str, now: datetime | None = None) -> bytes:
    """A message of `queue` as Celery is to see it. Raises Unreadable."""
    now = now or datetime.now(UTC)
    envelope = _object(_parsed(raw), "it")
    headers = _object(envelope.get("headers"), "its headers")
    properties = _object(envelope.get("properties"), "its properties")
    task = headers.get("task")
    if not isinstance(task, str) or task not in set(Task):
        raise Unreadable("its task is none of ours")
    ids = _ids(_body(envelope, properties))
    number = headers.get("id")
    if not _is_plain(number, _ID):
        number = str(uuid.uuid4())
    eta = _moment(headers.get("eta"), now, "eta")
    if eta is not None and eta - now > AHEAD:
        raise Unreadable("its eta is further ahead than any of ours")
    expires = _moment(headers.get("expires"), now, "expires")
    said = {name: headers.get(name) for name in ("argsrepr", "origin")}
    fresh: dict[str, object] = {
        "lang": "py",
        "task": task,
        "id": number,
        "root_id": number,
        "parent_id": None,
        "shadow": None,
        "group": None,
        "group_index": None,
        "eta": eta.isoformat() if eta else None,
        "expires": expires.isoformat() if expires else None,
        "retries": 0,
        "timelimit": [None, None],
        "argsrepr": said["argsrepr"] if _is_text(said["argsrepr"]) else repr((ids,) if ids else ())[:_TEXT],
        "kwargsrepr": "{}",
        "origin": said["origin"] if _is_text(said["origin"]) else "",
        "ignore_result": True,
        "replaced_task_nesting": 0,
        "stamped_headers": None,
        "stamps": {},
        "redelivered": headers.get("redelivered") is True,
    }
    nothing_after = {"callbacks": None, "errbacks": None, "chain": None, "chord": None}
    return _enveloped([[ids] if ids is not None else [], {}, nothing_after], fresh, "", queue, number)


def command(message: object, exchange: str) -> dict[str, Any]:
    """A message of the remote control, of its fanout `exchange`, as the worker is to see it. Raises Unreadable."""
    envelope = _object(message, "it")
    body = _object(_body(envelope, _object(envelope.get("properties"), "its properties")), "its body")
    method = body.get("method")
    if not isinstance(method, str) or method not in COMMANDS:
        raise Unreadable("its command is none of those that are answered")
    asked = body.get("destination")
    if asked is not None and not (isinstance(asked, list) and all(isinstance(name, str) for name in asked)):
        raise Unreadable("its destination is no list of names")
    # a regular expression (`pcre`) can be written that is never done matching
    pattern = body.get("pattern") if body.get("matcher") == "glob" else None
    if body.get("pattern") is not None and not _is_text(pattern):
        raise Unreadable("its pattern is no short glob")
    reply = body.get("reply_to")
    if reply is not None:
        reply = _object(reply, "its reply_to")
        reply = {name: reply.get(name) for name in ("exchange", "routing_key")}
        if not all(_is_text(value) for value in reply.values()):
            raise Unreadable("its reply_to is no address")
    fresh = {
        "method": method,
        "arguments": {},
        "destination": asked,
        "pattern": pattern,
        "matcher": "glob" if pattern else None,
        "ticket": body.get("ticket") if _is_plain(body.get("ticket"), _ID) else None,
        "reply_to": reply,
    }
    written: dict[str, Any] = json.loads(_enveloped(fresh, {}, exchange, "", str(uuid.uuid4())))
    return written


def reply(raw: bytes, queue: str) -> bytes:
    """What a worker answers to a question of the remote control, on the asker's own queue: Flower's. Raises Unreadable."""
    envelope = _object(_parsed(raw), "it")
    headers = _object(envelope.get("headers"), "its headers")
    body = _object(_body(envelope, _object(envelope.get("properties"), "its properties")), "its body")
    ticket, clock = headers.get("ticket"), headers.get("clock")
    if not _is_plain(ticket, _ID):
        raise Unreadable("it answers no question")
    fresh = {"ticket": ticket, "clock": clock if type(clock) is int and 0 <= clock < 2**53 else 0}
    return _enveloped(body, fresh, "", queue, str(uuid.uuid4()))


def _enveloped(body: object, headers: Mapping[str, object], exchange: str, key: str, number: object) -> bytes:
    properties = {
        "correlation_id": number,
        "reply_to": "",
        "delivery_mode": 2,
        "delivery_info": {"exchange": exchange, "routing_key": key},
        "priority": 0,
        "body_encoding": "base64",
        # made here: two messages of one tag would overwrite each other among the unacknowledged
        "delivery_tag": str(uuid.uuid4()),
    }
    envelope = {
        "body": base64.b64encode(json.dumps(body).encode()).decode(),
        "content-encoding": "utf-8",
        "content-type": "application/json",
        "headers": headers,
        "properties": properties,
    }
    return json.dumps(envelope).encode()


def _body(envelope: Mapping[str, Any], properties: Mapping[str, Any]) -> object:
    if envelope.get("content-type") != "application/json":
        raise Unreadable("its body is not marked as JSON")
    body = envelope.get("body")
    if not isinstance(body, str):
        raise Unreadable("its body is no text")
    if properties.get("body_encoding") != "base64":
        return _parsed(body.encode("utf-8", "replace"))
    try:
        return _parsed(base64.b64decode(body, validate=True))
    except Unreadable:
        raise
    except ValueError as exc:
        raise Unreadable("its body is no base64") from exc


def _ids(body: object) -> list[str] | None:
    """None for a message that names nobody, as a tick."""
    if not isinstance(body, list) or len(body) != 3 or not isinstance(body[0], list) or body[1] not in ({}, None):
        raise Unreadable("its body is not (arguments, no names, what follows)")
    if not body[0]:
        return None
    ids = checked(body[0][0]) if len(body[0]) == 1 else None
    if ids is None:
        raise Unreadable("its argument is no list of ids")
    return ids


def _parsed(raw: bytes) -> object:
    if len(raw) > LARGEST:
        raise Unreadable(f"it has more than {LARGEST:,} bytes")
    try:
        read: object = json.loads(raw)
    except (ValueError, RecursionError) as exc:
        raise Unreadable("it is no JSON") from exc
    return read


def _object(value: object, what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Unreadable(f"{what} is no JSON object" if what == "it" else f"{what} are no JSON object")
    return value


def _moment(value: object, now: datetime, what: str) -> datetime | None:
    if value is None:
        return None
    try:
        moment = datetime.fromisoformat(value if isinstance(value, str) else "")
        far = abs(moment.astimezone(UTC) - now) > AGE if moment.tzinfo else True
    except (ValueError, OverflowError) as exc:
        raise Unreadable(f"its {what} is no moment") from exc
    if far:
        raise Unreadable(f"its {what} is no moment of these days with its time zone")
    return moment.astimezone(UTC)


def _is_plain(value: object, longest: int) -> bool:
    return isinstance(value, str) and 0 < len(value) <= longest and value.isascii() and value.isprintable()


def _is_text(value: object) -> bool:
    """Fit to be shown: a name may have letters of any script, but no control characters."""
    return isinstance(value, str) and len(value) <= _TEXT and value.isprintable()
