"""What workers answer is let in to whoever asked, Flower, read and written anew as any other message."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from kombu.transport import redis as kombu_redis
from redis import Redis

from tests.unit.workers.test_messages import ANY, envelopes
from workers.messages import LARGEST, REPLIES, Unreadable, reply
from workers.transport import Door

QUEUE = f"8e357de7-b83e-3b57-b00d-fe01f285e64c{REPLIES}"


def an_answer(**headers: object) -> dict[str, Any]:
    """As kombu's mailbox publishes it."""
    body = base64.b64encode(json.dumps({"worker-1@host": {"ok": "pong"}}).encode()).decode()
    told = {"ticket": "t-1", "clock": 7, **headers}
    properties = {"body_encoding": "base64", "delivery_tag": "x", "delivery_info": {}}
    return {"body": body, "content-type": "application/json", "headers": told, "properties": properties}


def test_an_answer_keeps_what_is_said_whose_question_it_is_and_nothing_else() -> None:
    read = json.loads(reply(json.dumps(an_answer(more="x", expires=0)).encode(), QUEUE))
    assert json.loads(base64.b64decode(read["body"])) == {"worker-1@host": {"ok": "pong"}}
    assert read["headers"] == {"ticket": "t-1", "clock": 7}


@pytest.mark.parametrize("wrong", [{"ticket": None}, {"ticket": "x" * 65}, {"ticket": 1}])
def test_what_answers_nobody_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(Unreadable, match="it answers no question"):
        reply(json.dumps(an_answer(**wrong)).encode(), QUEUE)
    with pytest.raises(Unreadable, match="bytes"):
        reply(b" " * (LARGEST + 1), QUEUE)


@given(envelopes(ANY))
def test_whatever_lies_there_is_an_answer_or_is_refused(envelope: dict[str, Any]) -> None:
    try:
        read = json.loads(reply(json.dumps(envelope).encode(), QUEUE))
    except Unreadable:
        return
    assert set(read["headers"]) == {"ticket", "clock"}
    assert isinstance(json.loads(base64.b64decode(read["body"])), dict)


@pytest.mark.parametrize(("queue", "let_in"), [(QUEUE, True), ("im.requests", False)])
def test_the_door_lets_answers_in_where_answers_are_waited_for(
    queue: str, let_in: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = json.dumps(an_answer()).encode()
    monkeypatch.setattr(Redis, "parse_response", lambda *_, **__: (queue.encode(), raw))
    door: Any = Door()
    answer = door.parse_response(None, "BRPOP")
    assert (answer is not None) is let_in
    assert kombu_redis.Channel.sep not in queue
