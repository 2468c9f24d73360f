"""Webhooks of a world, and what became of their messages."""

from __future__ import annotations

from im.domain.event import Channel, Event, EventKind
from im.domain.webhook.kind import WISHED, WebhookKind
from im.domain.webhook.message import Delivery
from im.domain.webhook.webhook import Made
from im.services.webhooks import hooks
from tests.people import person
from tests.world import World

ROOT = person("root")
EVERYTHING = frozenset(WISHED)


def hook(
    world: World,
    url: str,
    *,
    name: str = "ci",
    owner: str = "ada",
    kinds: frozenset[WebhookKind] = EVERYTHING,
    everybody: bool = False,
) -> Made:
    return hooks.create(world.ctx, name, url, kinds=kinds, owner=owner, everybody=everybody, actor=ROOT)


def happens(world: World, name: str = "web", kind: EventKind = EventKind.RUNNING) -> Event:
    """Something to tell of, to be recorded by whoever wants it told."""
    return Event(world.row(name).id, world.now, kind, Channel.CLOUD, "seen", 1, {})


def sent(world: World, made: Made) -> list[Delivery]:
    """The oldest first."""
    return list(reversed(hooks.delivered(world.ctx, made.webhook.id, 500, actor=ROOT)))


def states(world: World, made: Made) -> list[tuple[str, str]]:
    return [(one.kind.value, one.state.value) for one in sent(world, made)]
