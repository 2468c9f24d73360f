"""Receivers that fail, hang, go away or lie, and senders that die: nothing is lost, and nobody else waits."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from im.counted import TALLY
from im.db import events
from im.domain.config.webhook import WebhookSettings
from im.domain.errors import Refused
from im.domain.event import EventKind
from im.domain.webhook.kind import WebhookKind
from im.domain.webhook.message import PAUSES
from im.queue.tasks import Task
from im.scope_threads import Threaded
from im.services import history
from im.services.health import doctor_webhooks
from im.services.health.counters import fold
from im.services.health.metrics import exposition
from im.services.webhooks import hooks
from tests.integration.webhooks.receiver import Receiver, receiving
from tests.integration.webhooks.telling import ROOT, happens, hook, sent, states
from tests.waiting import until
from tests.world import World

HERE = Path(__file__).parents[3]
MINUTE = 60
RUNNING = frozenset({WebhookKind.RUNNING})


def test_what_is_refused_is_sent_again_under_the_same_id_with_the_same_bytes(world: World, receiver: Receiver) -> None:
    made = hook(world, receiver.url, kinds=RUNNING)
    receiver.status = 500
    world.create("web")
    world.advance(2 * MINUTE)
    receiver.status = 204
    world.advance(6 * MINUTE)
    first, *_, last = receiver.asked
    assert len(receiver.taken) == 1
    assert (first.id, first.body) == (last.id, last.body)
    assert int(last.headers["webhook-timestamp"]) > int(first.headers["webhook-timestamp"])
    (delivery,) = sent(world, made)
    assert (delivery.state, delivery.attempts, delivery.status, delivery.error) == ("taken", 3, 204, None)


def test_after_ten_attempts_it_is_dead_and_a_person_can_have_it_sent_again(world: World, receiver: Receiver) -> None:
    made = hook(world, receiver.url, kinds=RUNNING)
    receiver.status = 500
    world.create("web")
    world.advance(MINUTE)
    for pause in PAUSES[1:]:
        world.now += pause
        world.answer(Task.WEBHOOK)
    assert len(receiver.asked) == 10
    (delivery,) = sent(world, made)
    assert (delivery.state, delivery.attempts, delivery.error) == ("dead", 10, "127.0.0.1 answered 500")
    world.now += timedelta(days=2)
    world.answer(Task.WEBHOOK)
    assert len(receiver.asked) == 10
    off = hooks.one(world.ctx, made.webhook.id, actor=ROOT)
    assert str(off.off_because).startswith("it took nothing for 3d")
    receiver.status = 200
    with pytest.raises(Refused, match="is off"):
        hooks.resend(world.ctx, made.webhook.id, actor=ROOT)
    hooks.change(world.ctx, made.webhook.id, on=True, actor=ROOT)
    assert hooks.resend(world.ctx, made.webhook.id, actor=ROOT) == 1
    world.deliver()
    assert [one.id for one in receiver.taken] == [delivery.id]


def test_a_receiver_that_says_gone_is_asked_no_more(world: World, receiver: Receiver) -> None:
    made = hook(world, receiver.url)
    receiver.status = 410
    world.create("web", seconds=2 * MINUTE)
    world.advance(5 * MINUTE)
    assert len(receiver.asked) == 1
    now = hooks.one(world.ctx, made.webhook.id, actor=ROOT)
    assert now.off_at is not None
    assert now.off_because == "its receiver answered 410: it wants nothing any more"
    assert states(world, made) == [("running", "dead")]


def test_a_receiver_that_asks_for_a_pause_has_it(world: World, receiver: Receiver) -> None:
    hook(world, receiver.url, kinds=RUNNING)
    receiver.status, receiver.answer_headers = 429, {"Retry-After": "600"}
    world.create("web")
    world.advance(9 * MINUTE)
    assert len(receiver.asked) == 1
    receiver.status = 200
    world.advance(3 * MINUTE)
    assert len(receiver.taken) == 1


def test_a_redirect_is_not_followed(world: World, receiver: Receiver) -> None:
    made = hook(world, receiver.url, kinds=RUNNING)
    receiver.status, receiver.answer_headers = 307, {"Location": f"{receiver.url}/elsewhere"}
    world.create("web")
    world.advance(30)
    assert {one.path for one in receiver.asked} == {"/hooks/a-secret-path"}
    assert sent(world, made)[0].error == "127.0.0.1 answered 307"


def test_one_that_never_answers_holds_up_no_tick_and_no_other_webhook(world: World, receiver: Receiver) -> None:
    """The true lanes, as a worker has them: the silent receiver is still being asked when the other has all it wants."""
    with receiving() as silent:
        import threading

        let_go = threading.Event()
        silent.before_answer = lambda: (let_go.wait(20), None)[1]
        lanes = Threaded(patience=0.3)
        world.ctx = replace(world.ctx, lanes=lanes)
        first = hook(world, silent.url, name="a-silent", kinds=RUNNING)
        second = hook(world, receiver.url, name="b-well", kinds=RUNNING)
        for name in ("web", "db", "cache"):
            world.create(name)
        world.advance(30)
        until("all three", lambda: len(receiver.taken) == 3)
        assert len(silent.asked) == 1
        assert [row.observed for row in map(world.row, ("web", "db", "cache"))] == ["running"] * 3
        assert [state for _, state in states(world, second)] == ["taken"] * 3
        assert [state for _, state in states(world, first)] == ["pending"] * 3
        let_go.set()
        assert lanes.finish(10)


def test_a_sender_that_is_killed_while_the_receiver_takes_it_sends_it_once_more(
    world: World, receiver: Receiver
) -> None:
    made = hook(world, receiver.url, kinds=frozenset({WebhookKind.STOPPED}))
    world.create("web")
    with world.ctx.begin() as connection:
        events.record(connection, [happens(world, kind=EventKind.STOPPED)])
    world.lose_messages()
    url = world.ctx.settings.database_url
    words = [sys.executable, "-m", "tests.integration.webhooks.send_once", url, world.now.isoformat()]
    receiver.before_answer = lambda: sender.kill()
    sender = subprocess.Popen(words, cwd=HERE)
    sender.wait(60)
    assert [state for _, state in states(world, made)] == ["pending"]
    receiver.before_answer = lambda: None
    world.advance(2 * MINUTE)
    assert [one.id for one in receiver.taken] == [sent(world, made)[0].id] * 2
    assert [state for _, state in states(world, made)] == ["taken"]


def test_nothing_is_sent_to_a_private_address_that_nobody_has_allowed(world: World, receiver: Receiver) -> None:
    made = hook(world, receiver.url.replace("127.0.0.1", "localhost"), kinds=RUNNING)
    world.ctx = replace(world.ctx, settings=replace(world.ctx.settings, parts=(WebhookSettings(),)))
    world.create("web")
    world.advance(30)
    assert receiver.asked == []
    (delivery,) = sent(world, made)
    assert delivery.error == (
        "nothing is sent to localhost: that address is a private one, and not of a network that is allowed"
    )


def test_a_port_where_nobody_listens_is_told_without_the_path(world: World) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        nobody = probe.getsockname()[1]
    made = hook(world, f"http://127.0.0.1:{nobody}/a-secret-path", kinds=RUNNING)
    world.create("web")
    world.advance(30)
    assert sent(world, made)[0].error == "127.0.0.1 cannot be reached: nobody listens there"


def test_a_copied_database_tells_nobody(world: World, receiver: Receiver) -> None:
    from sqlalchemy import text

    hook(world, receiver.url, kinds=RUNNING)
    world.create("web")
    world.advance(1)
    with world.ctx.begin() as connection:
        connection.execute(text("UPDATE deployment SET system_identifier = 'another'"))
    world.advance(60)
    world.answer(Task.WEBHOOK)
    assert receiver.asked == []


def test_while_it_is_off_it_hears_of_nothing_and_then_gets_what_waited(world: World, receiver: Receiver) -> None:
    made = hook(world, receiver.url, kinds=RUNNING)
    receiver.status = 500
    world.create("before")
    world.advance(30)
    hooks.change(world.ctx, made.webhook.id, on=False, actor=ROOT)
    receiver.status = 200
    world.create("meanwhile")
    world.advance(10 * MINUTE)
    assert receiver.taken == []
    hooks.change(world.ctx, made.webhook.id, on=True, actor=ROOT)
    world.advance(10 * MINUTE)
    assert [json.loads(one.body)["data"]["instance"]["name"] for one in receiver.taken] == ["before"]


def test_after_a_rotation_both_secrets_prove_a_message_and_later_the_new_one_alone(
    world: World, receiver: Receiver
) -> None:
    from standardwebhooks.webhooks import Webhook as Reference

    made = hook(world, receiver.url)
    again = hooks.rotate(world.ctx, made.webhook.id, overlap=timedelta(hours=1), actor=ROOT)
    assert again.secret != made.secret
    hooks.test(world.ctx, made.webhook.id, actor=ROOT)
    world.deliver()
    world.now += timedelta(hours=2)
    hooks.test(world.ctx, made.webhook.id, actor=ROOT)
    world.deliver()
    first, second = receiver.taken

    def signed(one_secret: str, got: object) -> str:
        from datetime import UTC, datetime

        at = datetime.fromtimestamp(int(got.headers["webhook-timestamp"]), tz=UTC)  # type: ignore[attr-defined]
        return Reference(one_secret).sign(got.id, at, got.body.decode())  # type: ignore[attr-defined]

    assert first.headers["webhook-signature"].split() == [signed(again.secret, first), signed(made.secret, first)]
    assert second.headers["webhook-signature"] == signed(again.secret, second)


def test_one_message_that_is_never_taken_switches_nothing_off_where_others_are(
    world: World, receiver: Receiver
) -> None:
    made = hook(world, receiver.url)
    receiver.status = 500
    world.create("web")
    world.advance(MINUTE)
    for pause in PAUSES[1:-1]:
        world.now += pause
        world.answer(Task.WEBHOOK)
    receiver.status = 200
    hooks.test(world.ctx, made.webhook.id, actor=ROOT)
    world.deliver()
    receiver.status = 500
    world.now += PAUSES[-1]
    world.answer(Task.WEBHOOK)
    assert [state for kind, state in states(world, made) if kind == "running"] == ["dead"]
    assert hooks.one(world.ctx, made.webhook.id, actor=ROOT).off_at is None


def test_what_piles_up_is_told_by_doctor_and_counted(world: World, receiver: Receiver) -> None:
    TALLY.forget()
    hook(world, receiver.url, kinds=RUNNING)
    receiver.status = 500
    world.create("web")
    world.advance(10 * MINUTE)
    with world.ctx.begin() as connection:
        (check,) = doctor_webhooks.checks(connection, world.now)
    assert not check.ok
    assert check.detail == "0 taken in the last day, 1 not taken so far and sent again, of ci: 127.0.0.1 answered 500"
    assert "im webhook deliveries ci" in check.fix
    fold(world.ctx)
    told = exposition(world.ctx)
    assert "im_webhook_messages_waiting 1.0" in told
    assert 'im_webhook_messages_total{outcome="refused"} 3.0' in told
    receiver.status = 200
    world.advance(40 * MINUTE)
    with world.ctx.begin() as connection:
        (check,) = doctor_webhooks.checks(connection, world.now)
    assert (check.ok, check.detail) == (True, "1 taken in the last day")


def test_what_was_taken_is_forgotten_after_a_week_and_the_rest_after_a_month(world: World, receiver: Receiver) -> None:
    made = hook(world, receiver.url, kinds=RUNNING)
    world.create("taken")
    world.advance(30)
    receiver.status = 410
    world.create("dead")
    world.advance(30)
    for days, left in ((6, ["taken", "dead"]), (2, ["dead"]), (25, [])):
        world.now += timedelta(days=days)
        history.prune(world.ctx)
        assert [state for _, state in states(world, made)] == left


@pytest.mark.parametrize("column", ["body", "error", "off_because"])
def test_no_secret_is_in_any_row_but_its_own(world: World, receiver: Receiver, column: str) -> None:
    from sqlalchemy import text

    made = hook(world, receiver.url)
    receiver.status = 500
    world.create("web")
    world.advance(30)
    table = "webhooks" if column == "off_because" else "webhook_deliveries"
    with world.ctx.begin() as connection:
        rows = connection.execute(text(f"SELECT to_jsonb(t)::text FROM {table} t")).scalars().all()
        audit = connection.execute(text("SELECT to_jsonb(t)::text FROM audit t")).scalars().all()
    assert rows
    assert not any(made.secret in row for row in [*rows, *audit])
    assert not any("a-secret-path" in row for row in audit)
