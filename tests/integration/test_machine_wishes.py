"""What a person wishes a machine to be, on its way from the prompt through the rows to the cloud and back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from im.domain.instance import Scope, Sighting, Spec
from im.providers.base import Slot
from im.providers.fake import FakeProvider
from tests.world import World


class TellsWhoLogsIn(FakeProvider):
    """A cloud whose image knows its user, as EC2's do."""

    def launch(self, scope: Scope, spec: Spec, *, token: str, slots: Sequence[Slot]) -> list[Sighting]:
        return [replace(one, ssh_user="admin") for one in super().launch(scope, spec, token=token, slots=slots)]


def test_the_user_that_the_image_tells_replaces_the_guess(world: World) -> None:
    world.create("guess")
    assert world.row("guess").spec.ssh_user == "fake"
    world.provider = TellsWhoLogsIn(world.cloud, world.deployment)
    world.advance(5)
    assert world.row("guess").spec.ssh_user == "admin"
    assert world.row("guess").spec.public_key == "ssh-ed25519 AAAA test", "nothing else of the wish has changed"


def test_an_image_that_tells_nothing_leaves_the_guess(world: World) -> None:
    world.create("guess")
    world.advance(5)
    assert world.row("guess").spec.ssh_user == "fake"
