"""What docs/webhooks.md tells a receiver to do, done: its sample takes what we send, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import pytest

from im.domain.webhook.kind import WebhookKind
from im.domain.webhook.message import PAUSES
from im.services.webhooks import hooks
from im.web.api.webhooks.documents import Kind
from tests.integration.webhooks.receiver import Got, Receiver
from tests.integration.webhooks.telling import ROOT, hook
from tests.world import World

PAGE = (Path(__file__).parents[3] / "docs" / "webhooks.md").read_text()


@pytest.fixture
def verify() -> Callable[..., bool]:
    found: dict[str, Any] = {}
    (sample,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    exec(sample, found)  # noqa: S102  # our own page
    made: Callable[..., bool] = found["verify"]
    return made


def test_the_sample_takes_a_message_and_no_other(world: World, receiver: Receiver, verify: Callable[..., bool]) -> None:
    made = hook(world, receiver.url)
    hooks.test(world.ctx, made.webhook.id, actor=ROOT)
    world.deliver()
    (one,) = receiver.taken
    now = world.now.timestamp()
    headers = dict(one.headers)
    assert verify(made.secret, headers, one.body, now)
    assert verify(made.secret, headers, one.body, now + 299)
    assert not verify(made.secret, headers, one.body, now + 302)
    assert not verify(made.secret, headers, one.body + b" ", now)
    assert not verify(made.secret, headers | {"webhook-id": "msg_another"}, one.body, now)
    assert not verify(made.secret, headers | {"webhook-timestamp": str(int(now) + 1)}, one.body, now)
    assert not verify(made.secret, headers | {"webhook-signature": "v1,AAAA v2,BBBB"}, one.body, now)
    assert not verify(made.secret, {}, one.body, now)
    other = hook(world, receiver.url, name="other")
    assert not verify(other.secret, headers, one.body, now)


def test_during_a_rotation_it_takes_by_either_secret(
    world: World, receiver: Receiver, verify: Callable[..., bool]
) -> None:
    made = hook(world, receiver.url)
    again = hooks.rotate(world.ctx, made.webhook.id, actor=ROOT)
    hooks.test(world.ctx, made.webhook.id, actor=ROOT)
    world.deliver()
    got: Got = receiver.taken[0]
    for secret in (made.secret, again.secret):
        assert verify(secret, dict(got.headers), got.body, world.now.timestamp())


def test_the_page_names_every_kind_with_its_type_and_the_pauses_as_they_are() -> None:
    told = dict(re.findall(r"^\| `(\w+)` \| `([\w.]+)` \|", PAGE, re.MULTILINE))
    wished = {kind.value: kind.type for kind in WebhookKind if kind is not WebhookKind.TEST}
    assert told == wished
    assert set(get_args(Kind)) == set(wished), "and the API knows the same"
    assert "after 5 seconds, 5 and 30 minutes, 2, 5, 10, 14, 20 and 24 hours, ten times in all" in PAGE
    assert [pause.total_seconds() for pause in PAUSES[:3]] == [5, 300, 1800]
    assert [pause.total_seconds() / 3600 for pause in PAUSES[3:]] == [2, 5, 10, 14, 20, 24]
