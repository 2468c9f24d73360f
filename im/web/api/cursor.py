"""Where a page of a list ends: an opaque word that is good for the same question only."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from datetime import datetime

from im.domain.errors import Refused

LONGEST = 400


def write(place: tuple[bool, datetime, str], question: Mapping[str, object]) -> str:
    closed, at, row = place
    told = json.dumps([int(closed), at.isoformat(), row, _mark(question)], separators=(",", ":"))
    return base64.urlsafe_b64encode(told.encode()).decode().rstrip("=")


def read(cursor: str, question: Mapping[str, object]) -> tuple[bool, datetime, str]:
    """Raises Refused for one that is none, or of another question."""
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        closed, at, row, mark = json.loads(base64.urlsafe_b64decode(padded))
        moment = datetime.fromisoformat(at)
        if moment.tzinfo is None or not isinstance(row, str) or closed not in (0, 1) or not row.isprintable():
            raise ValueError
    except (ValueError, TypeError):
        raise Refused("that cursor is none of ours", "take `next` of the page before as it is") from None
    if mark != _mark(question):
        raise Refused("that cursor belongs to another question", "begin again without a cursor, or ask the same again")
    return bool(closed), moment, row


def _mark(question: Mapping[str, object]) -> str:
    said = json.dumps({key: value for key, value in question.items() if value}, sort_keys=True, default=str)
    return hashlib.sha256(said.encode()).hexdigest()[:12]
