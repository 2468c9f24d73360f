"""Key pairs at the cloud: deleted, there already, another one under our name, two at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from im.domain.state import Observed
from im.providers.aws.launch.key_pairs import key_name
from tests.integration.reconcile.test_cloud_faults import launched
from tests.providers.clouds import public_key
from tests.standin.server import StandIn
from tests.standin_world import ASK, Near, StandInWorld


@pytest.fixture
def world(database_url: str, ec2: StandIn, clients: Near, monkeypatch: pytest.MonkeyPatch) -> Iterator[StandInWorld]:
    # botocore's own pauses between its retries pass in no time
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _: None)
    made = StandInWorld(database_url, ec2, clients)
    yield made
    made.close()


class TestKeyPairs:
    def test_one_that_was_deleted_is_imported_again(self, world: StandInWorld) -> None:
        world.create("one")
        world.advance(10)
        world.raw.delete_key_pair(KeyName=self._name(world))
        world.create("two")
        world.advance(10)
        assert self._kept(world) == [public_key().rpartition(" ")[0]]
        assert world.at_cloud("two") is Observed.RUNNING

    def test_one_deleted_under_way_does_not_fail_the_launch(self, world: StandInWorld) -> None:
        """The reply is lost, somebody tidies up, and the launch is asked for again with the same token."""
        world.control.lose_request("RunInstances")
        world.create()
        world.advance(0)
        world.raw.delete_key_pair(KeyName=self._name(world))
        world.advance(20)
        assert world.at_cloud() is Observed.RUNNING
        assert launched(world) == 1

    def test_one_that_is_there_already_and_is_the_same_is_taken(self, world: StandInWorld) -> None:
        world.raw.import_key_pair(KeyName=self._name(world), PublicKeyMaterial=public_key(comment="x@y").encode())
        world.create()
        world.advance(10)
        assert world.at_cloud() is Observed.RUNNING

    def test_another_key_under_our_name_is_refused_and_nothing_is_launched(self, world: StandInWorld) -> None:
        world.raw.import_key_pair(KeyName=self._name(world), PublicKeyMaterial=public_key("other").encode())
        world.create()
        world.advance(20)
        assert world.row().failed
        assert "holds another key than ours; delete it" in (world.row().error or "")
        assert launched(world) == 0
        world.raw.delete_key_pair(KeyName=self._name(world))
        world.start("web", seconds=600)
        world.advance(15)
        assert world.at_cloud() is Observed.RUNNING

    def _name(self, world: StandInWorld) -> str:
        return key_name(public_key(), world.deployment)

    def _kept(self, world: StandInWorld) -> list[str]:
        found: list[dict[str, Any]] = world.raw.describe_key_pairs(IncludePublicKey=True)["KeyPairs"]
        return [one["PublicKey"] for one in found]


def test_two_keys_at_once_have_a_pair_each(world: StandInWorld) -> None:
    world.create("one")
    world.create("two", ask=replace(ASK, public_key=public_key("two")))
    world.advance(15)
    assert world.states() == ["running"] * 2
    assert len(world.raw.describe_key_pairs()["KeyPairs"]) == 2
