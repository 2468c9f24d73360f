"""Windows that nobody named as Windows: what EC2 shows decides what an hour costs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

import pytest

from im.domain.money.bill import label_of
from im.domain.spec.spec import Spec
from im.domain.spec.spot import Spot
from im.domain.state import Observed
from im.providers.request import Ask
from tests.integration.typed import answer, run
from tests.standin.server import StandIn
from tests.standin_world import ASK, Near, StandInWorld
from tests.unit.providers.aws.test_profile import RSA


@pytest.fixture
def world(database_url: str, ec2: StandIn, clients: Near) -> Iterator[StandInWorld]:
    made = StandInWorld(database_url, ec2, clients)
    yield made
    made.close()


def windows_ami(world: StandInWorld) -> str:
    name = {"Name": "name", "Values": ["Windows_Server-2022*"]}
    return str(world.raw.describe_images(Filters=[name])["Images"][0]["ImageId"])


def asked(world: StandInWorld, **more: object) -> Ask:
    return replace(ASK, image=windows_ami(world), instance_type="t3.large", public_key=RSA, **more)  # type: ignore[arg-type]


def spec_of(world: StandInWorld, name: str) -> Spec:
    assert world.row(name).observed is Observed.RUNNING
    return world.row(name).spec


def test_an_image_named_by_its_id_is_billed_as_what_it_turns_out_to_be(world: StandInWorld) -> None:
    world.create("win", ask=asked(world))
    world.create("lin", ask=replace(ASK, instance_type="t3.large"))
    world.create("lent", ask=asked(world, spot=Spot()))
    world.advance(20)
    assert [label_of(spec_of(world, name)) for name in ("win", "lin", "lent")] == [
        "windows:t3.large",
        "t3.large",
        "t3.large (spot)",
    ]
    run(world, "prices", "set", "windows:t3.large", "0.20", "--region", "us-east-1")
    prices = {(one["item"], one["market"]): one["usd"] for one in answer(world, "prices", "list")}
    assert prices["windows:t3.large", "windows"] == "0.20"
    assert Decimal(prices["t3.large", "on_demand"]) == Decimal("0.0832")
    assert Decimal({row["name"]: row["usd_per_hour"] for row in answer(world, "list")}["win"]) > Decimal("0.20")


def test_so_is_one_that_is_adopted(world: StandInWorld) -> None:
    made = world.raw.run_instances(ImageId=windows_ami(world), InstanceType="t3.large", MinCount=1, MaxCount=1)
    assert run(world, "adopt", made["Instances"][0]["InstanceId"], "-d", "1h", "--name", "old").exit_code == 0
    world.advance(20)
    assert label_of(spec_of(world, "old")) == "windows:t3.large"


def test_it_takes_rsa_keys_only_and_says_so(world: StandInWorld) -> None:
    world.create("win", ask=replace(asked(world), public_key=ASK.public_key))
    world.advance(10)
    assert world.word("win") == "failed: invalid spec"
    assert "is Windows, which takes RSA keys only, and this is ssh-ed25519" in (world.row("win").error or "")
    assert world.machines() == []
