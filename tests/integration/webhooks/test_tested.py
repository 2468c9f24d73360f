"""`im webhook test` waits for the answer and says it, either way: taken, refused and why, or sent by nobody."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from im.domain.config.webhook import WebhookSettings
from im.domain.webhook.message import DeliveryState
from im.services.webhooks import hooks
from im.views.exits import Exit
from im.views.words.webhooks import what_next
from tests.integration.typed import answer, run
from tests.integration.webhooks.receiver import Receiver
from tests.integration.webhooks.telling import ROOT, hook, sent, states
from tests.world import World

pytestmark = [pytest.mark.usefixtures("way"), pytest.mark.sampled(every=2)]


@dataclass
class Meanwhile:
    """The module `time` of the command: while it sleeps, the world goes on, and `then` happens."""

    world: World
    then: list[Callable[[], object]] = field(default_factory=list)

    def monotonic(self) -> float:
        return self.world.now.timestamp()

    def sleep(self, seconds: float) -> None:
        if self.then:
            self.then.pop(0)()
        self.world.now += timedelta(seconds=seconds)
        self.world.deliver()


@pytest.fixture
def meanwhile(world: World, monkeypatch: pytest.MonkeyPatch) -> Meanwhile:
    made = Meanwhile(world)
    monkeypatch.setattr("im.cli.commands.people.webhook_outcome.time", made)
    return made


def test_what_is_taken_is_told_with_its_code_and_how_long_it_took(
    world: World, receiver: Receiver, meanwhile: Meanwhile
) -> None:
    made = hook(world, receiver.url)
    receiver.status = 204
    done = run(world, "webhook", "test", "ci")
    assert (done.exit_code, done.stderr) == (Exit.OK, "")
    assert done.stdout == (
        f"delivered to ci ({made.webhook.id} of ada): 127.0.0.1 answered 204, 0.3 s after it was asked for\n"
    )
    assert receiver.types == ["webhook.test"]
    (told,) = answer(world, "webhook", "test", "ci")
    assert (told["state"], told["status"], told["attempts"]) == ("taken", 204, 1)
    assert run(world, "webhook", "test", "ci", "-q").stdout.startswith("msg_")


@pytest.mark.parametrize(
    ("status", "says"),
    [
        (500, "its own log says more; it is sent again by itself"),
        (401, "im webhook rotate ID  makes another; it is sent again by itself"),
        (404, "look at the path of its URL: im webhook set ID --url URL; it is sent again by itself"),
        (302, "no redirect is followed: im webhook set ID --url URL, with where it leads; it is sent again by itself"),
        (429, "it asks for a pause, and gets the message again after that"),
        (422, "it does not take such a message: docs/webhooks.md says what comes; it is sent again by itself"),
        (410, "it is switched off now: im webhook enable ID  once it wants messages again"),
    ],
)
def test_what_is_refused_is_told_with_why_and_what_to_do(
    world: World, receiver: Receiver, meanwhile: Meanwhile, status: int, says: str
) -> None:
    made = hook(world, receiver.url)
    receiver.status = status
    done = run(world, "webhook", "test", "ci")
    assert (done.exit_code, done.stdout) == (Exit.FAILURE, "")
    said = " ".join(done.stderr.split())
    assert f"not delivered to ci ({made.webhook.id} of ada): 127.0.0.1 answered {status}" in said
    assert " ".join(says.replace("ID", made.webhook.id).split()) in said
    assert "Traceback" not in said
    assert made.secret not in said
    assert "a-secret-path" not in said


def test_where_nobody_answers_and_where_nothing_may_go_is_told_too(world: World, meanwhile: Meanwhile) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        nobody = probe.getsockname()[1]
    hook(world, f"http://127.0.0.1:{nobody}/", name="nobody")
    done = run(world, "webhook", "test", "nobody")
    assert done.exit_code == Exit.FAILURE
    assert "127.0.0.1 cannot be reached: nobody listens there" in done.stderr
    assert "see that it is there and has a valid certificate" in done.stderr
    hook(world, f"http://localhost:{nobody}/", name="private")
    world.ctx = replace(world.ctx, settings=replace(world.ctx.settings, parts=(WebhookSettings(),)))
    done = run(world, "webhook", "test", "private")
    assert done.exit_code == Exit.FAILURE
    assert "that address is a private one" in done.stderr
    assert "IM_WEBHOOK_PRIVATE" in done.stderr


def test_without_a_worker_the_waiting_ends_and_the_message_does_not(
    world: World, receiver: Receiver, meanwhile: Meanwhile
) -> None:
    made = hook(world, receiver.url)
    world.worker = False
    done = run(world, "webhook", "test", "ci", "--timeout", "5s")
    assert done.exit_code == Exit.TIMED_OUT
    assert re.search(r"no worker has sent msg_\w+ within 5s; it is sent as soon as one does", done.stderr)
    assert "im doctor" in done.stderr
    assert states(world, made) == [("test", "pending")]
    world.worker = True
    world.deliver()
    assert states(world, made) == [("test", "taken")]


def test_who_does_not_wait_is_told_at_once(world: World, receiver: Receiver) -> None:
    made = hook(world, receiver.url)
    done = run(world, "webhook", "test", "ci", "--no-wait")
    assert done.exit_code == Exit.OK
    assert re.match(r"msg_\w+ is on its way to ci \(whk-\w+ of ada\); im webhook deliveries whk-\w+ -n 1 ", done.stdout)
    assert receiver.asked == []
    (told,) = answer(world, "webhook", "test", "ci", "--no-wait")
    assert told["state"] == "pending"
    assert len(sent(world, made)) == 2


def test_who_is_interrupted_or_has_it_removed_meanwhile_is_told_what_became_of_it(
    world: World, receiver: Receiver, meanwhile: Meanwhile
) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    made = hook(world, receiver.url)
    world.worker = False
    meanwhile.then = [interrupt]
    done = run(world, "webhook", "test", "ci")
    assert done.exit_code == Exit.INTERRUPTED
    assert "which is on its way all the same" in done.stderr
    meanwhile.then = [lambda: hooks.remove(world.ctx, made.webhook.id, actor=ROOT)]
    done = run(world, "webhook", "test", "ci")
    assert done.exit_code == Exit.NOT_FOUND
    assert f"there is no webhook '{made.webhook.id}'" in done.stderr


def test_among_many_others_it_is_its_own_message_that_is_waited_for(
    world: World, receiver: Receiver, meanwhile: Meanwhile
) -> None:
    made = hook(world, receiver.url)

    def others() -> None:
        for _ in range(60):
            hooks.test(world.ctx, made.webhook.id, actor=ROOT)

    meanwhile.then = [others]
    done = run(world, "webhook", "test", "ci", "-q")
    first, *more = sent(world, made)
    assert (done.exit_code, done.stdout, len(more)) == (Exit.OK, f"{first.id}\n", 60)


def test_every_end_has_a_next_step(world: World, receiver: Receiver) -> None:
    made = hook(world, receiver.url)
    hooks.test(world.ctx, made.webhook.id, actor=ROOT)
    (one,) = sent(world, made)
    for status in (None, 100, 200, 302, 400, 401, 403, 404, 405, 410, 429, 451, 500, 599):
        for state in (DeliveryState.PENDING, DeliveryState.DEAD):
            assert what_next(replace(one, status=status, state=state, error="x"), "whk-1")
