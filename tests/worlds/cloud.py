"""The small world with one cloud's stand-in behind it: what it takes to ask for machines there."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, ClassVar

from im.domain.instance import Instance
from im.domain.intent import Deadline
from im.domain.spec.spot import Spot
from im.providers.request import Ask
from im.services.requests import create
from im.services.requests import order as requests_order
from tests.people import person
from tests.providers.clouds import public_key
from tests.world import World


class CloudWorld(World):
    """`create` asks for machines at its cloud; whoever sets `now` moves the cloud's clock as well."""

    named: ClassVar[str]
    """As `--provider` has it."""

    def create(
        self,
        name: str = "web",
        *,
        seconds: float = 3600,
        count: int = 1,
        actor: str = "ada",
        kind: str | None = None,
        zone: str | None = None,
        spot: Spot | None = None,
        hibernate: bool = False,
        options: Mapping[str, Any] | None = None,
        ask: Ask | None = None,
        **order_as: Any,
    ) -> list[Instance]:
        """`ask` in place of what is made of the words before it; `order_as`: what else an Order may say."""
        wanted = {
            "instance_type": kind,
            "zone": zone,
            "spot": spot,
            "hibernate": hibernate,
            "options": dict(options or {}),
        }
        asked = ask or Ask(public_key=public_key(), owner=actor, **wanted)  # type: ignore[arg-type]
        deadline = Deadline(by=timedelta(seconds=seconds))
        order = requests_order.Order(self.named, "default", asked, name, count, deadline, person(actor), **order_as)
        return [change.after for change in create.create(self.ctx, order).changes]
