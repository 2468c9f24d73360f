"""What happens is told: to whom it concerns, once for each event, signed as the standard's own implementation reads it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from standardwebhooks.webhooks import Webhook as Reference
from standardwebhooks.webhooks import WebhookVerificationError

from im.db import events
from im.domain.access import Role
from im.domain.event import Channel, Event, EventKind
from im.domain.people.user import UserKind
from im.domain.webhook.kind import WebhookKind
from im.providers.errors import InvalidSpec, Unavailable
from im.services.money import budgets
from im.services.people import users
from im.services.webhooks import hooks
from im.views.instance import instance_json
from tests.integration.webhooks.receiver import Receiver
from tests.integration.webhooks.telling import ROOT, hook, sent, states
from tests.world import World

MINUTE = 60


def test_a_machines_life_is_told_event_by_event_signed(world: World, receiver: Receiver) -> None:
    made = hook(world, receiver.url)
    world.create("web", seconds=6 * MINUTE)
    world.advance(7 * MINUTE)
    assert receiver.types == ["instance.running", "instance.expiring", "instance.stopped"]
    reference = Reference(made.secret)
    for one in receiver.taken:
        at = datetime.fromtimestamp(int(one.headers["webhook-timestamp"]), tz=UTC)
        assert one.headers["webhook-signature"] == reference.sign(one.id, at, one.body.decode())
        assert abs(at - world.now) < timedelta(minutes=7)
    assert len({one.id for one in receiver.taken}) == 3
    running, expiring, stopped = (one.told["data"] for one in receiver.taken)
    assert (running["instance"]["name"], running["instance"]["observed"]) == ("web", "running")
    assert running["event"]["kind"] == "running"
    assert (expiring["stage_seconds"], expiring["extend"]) == (300, "im extend web -d 1h")
    assert (stopped["instance"]["observed"], stopped["instance"]["why"]) == ("stopped", "ttl")
    assert [state for _, state in states(world, made)] == ["taken"] * 3


def test_what_is_told_of_an_instance_stands_in_its_document_word_for_word(world: World, receiver: Receiver) -> None:
    hook(world, receiver.url)
    world.create("web")
    world.advance(30)
    row = world.row()
    document = instance_json(row, world.now, sandbox=True)
    told = receiver.taken[0].told["data"]["instance"]
    assert {key: document[key] for key in told} == told


def test_the_reference_takes_a_message_of_this_moment_and_no_other(world: World, receiver: Receiver) -> None:
    world.now = datetime.now(UTC)
    made = hook(world, receiver.url)
    hooks.test(world.ctx, made.webhook.id, actor=ROOT)
    world.deliver()
    (one,) = receiver.taken
    told = Reference(made.secret).verify(one.body, dict(one.headers))
    assert told["type"] == "webhook.test"
    assert told["data"] == {"webhook": "ci", "by": "root"}
    with pytest.raises(WebhookVerificationError):
        Reference(made.secret).verify(one.body + b" ", dict(one.headers))


def test_nobody_is_told_who_did_not_ask_for_that_kind(world: World, receiver: Receiver) -> None:
    hook(world, receiver.url, kinds=frozenset({WebhookKind.STOPPED}))
    world.create("web", seconds=2 * MINUTE)
    world.advance(4 * MINUTE)
    assert receiver.types == ["instance.stopped"]


def test_a_failed_launch_and_a_termination_are_told(world: World, receiver: Receiver) -> None:
    hook(world, receiver.url, kinds=frozenset({WebhookKind.FAILED, WebhookKind.TERMINATED}))
    world.cloud.fail_next("launch", InvalidSpec("no such type"))
    world.create("bad")
    world.advance(30)
    world.create("web")
    world.advance(30)
    world.terminate("web")
    world.advance(60)
    assert sorted(receiver.types) == ["instance.failed", "instance.terminated"]
    failed = next(one.told["data"] for one in receiver.taken if one.told["type"] == "instance.failed")
    assert (failed["instance"]["name"], failed["instance"]["error_code"]) == ("bad", "invalid_spec")


def test_each_hears_of_what_is_theirs_and_an_admins_of_everybodys(world: World, receiver: Receiver) -> None:
    users.add(world.ctx, "root", role=Role.ADMIN, actor=ROOT)
    users.add(world.ctx, "ml", kind=UserKind.TEAM, actor=ROOT)
    users.add(world.ctx, "ada", team="ml", actor=ROOT)
    users.add(world.ctx, "bob", actor=ROOT)
    made = {
        "ada": hook(world, receiver.url, owner="ada"),
        "bob": hook(world, receiver.url, owner="bob"),
        "ml": hook(world, receiver.url, owner="ml"),
        "root": hook(world, receiver.url, owner="root", everybody=True),
    }
    for owner in ("ada", "ml", "eve"):
        world.create(f"of-{owner}", actor=owner)
    world.advance(30)
    names = {row.id: row.name for row in (world.row(f"of-{owner}") for owner in ("ada", "ml", "eve"))}
    heard = {whose: sorted(names[str(d.instance_id)] for d in sent(world, one)) for whose, one in made.items()}
    assert heard == {
        "ada": ["of-ada", "of-ml"],
        "bob": [],
        "ml": ["of-ml"],
        "root": ["of-ada", "of-eve", "of-ml"],
    }


def test_an_admin_no_more_hears_of_their_own_alone_and_who_is_disabled_of_nothing(
    world: World, receiver: Receiver
) -> None:
    users.add(world.ctx, "root", role=Role.ADMIN, actor=ROOT)
    users.add(world.ctx, "ann", role=Role.ADMIN, actor=ROOT)
    made = hook(world, receiver.url, owner="ann", everybody=True, kinds=frozenset({WebhookKind.RUNNING}))
    users.change(world.ctx, "ann", role=Role.MEMBER, actor=ROOT)
    world.create("mine", actor="ann")
    world.create("other", actor="eve")
    world.advance(30)
    assert [d.instance_id for d in sent(world, made)] == [world.row("mine").id]
    users.change(world.ctx, "ann", disabled=True, actor=ROOT)
    world.create("later", actor="ann")
    world.advance(30)
    assert len(sent(world, made)) == 1
    users.change(world.ctx, "ann", disabled=False, actor=ROOT)
    world.terminate("mine", "later")
    world.advance(60)
    users.remove(world.ctx, "ann", actor=ROOT)
    assert [one.owner for one in hooks.listed(world.ctx, actor=ROOT)] == []


def test_a_moved_deadline_is_never_told_of_and_the_new_one_is(world: World, receiver: Receiver) -> None:
    made = hook(world, receiver.url, kinds=frozenset({WebhookKind.EXPIRING}))
    receiver.status = 503
    world.create("web", seconds=20 * MINUTE)
    world.advance(6 * MINUTE)
    assert states(world, made) == [("expiring", "pending")]
    world.extend("web", seconds=60 * MINUTE)
    receiver.status = 200
    world.advance(10 * MINUTE)
    assert states(world, made) == [("expiring", "moot")]
    world.advance(10 * MINUTE)
    assert [one.told["data"]["stage_seconds"] for one in receiver.taken] == [3600]
    assert receiver.taken[0].told["data"]["instance"]["expires_at"] == "2030-01-01T13:20:00.000Z"


def test_an_event_with_whatever_characters_is_kept_and_told(world: World, receiver: Receiver) -> None:
    """A message that could not be stored would take its event with it, and the machine out of sight."""
    hook(world, receiver.url, kinds=frozenset({WebhookKind.FAILED}))
    (row,) = world.create("web")
    odd = "no \ud800 room \x00 \u202e \U0001f980 \r\n ü"
    with world.ctx.begin() as connection:
        events.record(connection, [Event(row.id, world.now, EventKind.FAILED, Channel.CLOUD, odd, 1)])
    world.advance(30)
    (one,) = receiver.taken
    assert one.body.isascii()
    assert one.told["data"]["event"]["reason"] == "no ? room ? ? \U0001f980 ?? ü"
    assert [e.reason for e in world.story() if e.kind == "failed"] == [one.told["data"]["event"]["reason"]]


def test_what_runs_past_its_deadline_is_told_once(world: World, receiver: Receiver) -> None:
    hook(world, receiver.url, kinds=frozenset({WebhookKind.OVERRUN}))
    world.create("web", seconds=2 * MINUTE)
    world.advance(MINUTE)
    world.cloud.fail_next("stop", Unavailable("away"), times=40)
    world.advance(10 * MINUTE)
    (told,) = receiver.taken
    assert told.told["type"] == "instance.overrun"
    assert told.told["data"]["instance"]["observed"] == "running"
    assert 60 <= told.told["data"]["seconds_over"] <= 90


def test_a_budget_is_told_at_nine_tenths_and_when_it_is_spent_once_each_in_a_month(
    world: World, receiver: Receiver
) -> None:
    budgets.write(world.ctx, "ada", Decimal("0.52"), actor=ROOT)  # an hour takes 0.496
    hook(world, receiver.url, kinds=frozenset({WebhookKind.BUDGET}))
    hook(world, receiver.url, name="theirs", owner="bob", kinds=frozenset({WebhookKind.BUDGET}))
    world.create("web", seconds=60 * MINUTE)
    world.advance(20 * MINUTE)
    told = [one.told["data"]["budget"] for one in receiver.taken]
    assert [(one["owner"], one["reached_percent"], one["month"]) for one in told] == [("ada", 90, "2030-01")]
    budgets.write(world.ctx, "ada", Decimal("0.40"), actor=ROOT)
    world.advance(20 * MINUTE)
    assert [one.told["data"]["budget"]["reached_percent"] for one in receiver.taken] == [90, 100]
