"""AWS's other partitions, on the stand-in: ARNs, owners and prices that belong to the region's own."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from im.domain.errors import Refused
from im.domain.money.bill import Item
from im.domain.scope import Scope
from im.domain.spec.spot import Spot, parse_max_price
from im.domain.state import OnExpiry
from im.providers.aws import deadline_guard
from im.providers.aws.api.clients import Clients
from im.providers.aws.partition import home_of, partition_of
from im.providers.aws.profile import PROFILE
from im.providers.aws.provider import AwsProvider
from im.providers.aws.settings import AwsSettings
from im.providers.features import Guarded
from im.providers.request import Ask
from im.settings import Settings
from tests.machines import by_machine
from tests.providers.clouds import DEPLOYMENT, public_key
from tests.providers.standin_room import StandInRoom

PARTITIONS = {"us-gov-west-1": "aws-us-gov", "cn-north-1": "aws-cn", "eu-west-1": "aws"}


def wish(room: StandInRoom, region: str, **asked: Any) -> None:
    ask = Ask(public_key=public_key(), owner="me", **asked)
    room.scope, room.spec = PROFILE.plan(ask, account="default", default_region=region)


@pytest.mark.parametrize(("region", "partition"), PARTITIONS.items())
def test_a_guard_is_set_with_the_arns_of_the_regions_partition(
    standin: StandInRoom, stepped_clients: Clients, region: str, partition: str
) -> None:
    role = f"arn:{partition}:iam::123456789012:role/im-guard"
    standin.provider = AwsProvider(
        Settings(sandbox_url=standin.url, parts=(AwsSettings(guard_role=role),)), DEPLOYMENT, stepped_clients
    )
    wish(standin, region)
    (one,) = standin.running()
    at = Guarded(datetime(2031, 1, 1, tzinfo=UTC), OnExpiry.STOP)
    assert standin.provider.deadline_guard.set(standin.scope, by_machine({one: at})) == {}
    asked = deadline_guard.request(DEPLOYMENT, one, datetime(2031, 1, 1, tzinfo=UTC), OnExpiry.STOP, role, region)
    assert asked["Target"]["Arn"] == f"arn:{partition}:scheduler:::aws-sdk:ec2:stopInstances"


def test_a_guards_role_of_another_partition_is_told_in_words(standin: StandInRoom, stepped_clients: Clients) -> None:
    settings = Settings(
        sandbox_url=standin.url, parts=(AwsSettings(guard_role="arn:aws:iam::123456789012:role/im-guard"),)
    )
    standin.provider = AwsProvider(settings, DEPLOYMENT, stepped_clients)
    at = Guarded(datetime(2031, 1, 1, tzinfo=UTC), OnExpiry.STOP)
    failed = standin.provider.deadline_guard.set(
        Scope("aws", "default", "cn-north-1"), by_machine({"i-0123456789abcdef0": at})
    )
    (said,) = {exc.message for exc in failed.values()}
    assert said.startswith("IM_GUARD_ROLE is of the partition aws, and cn-north-1 is of aws-cn")


@pytest.mark.parametrize("region", PARTITIONS)
def test_canonical_has_an_account_in_each(standin: StandInRoom, region: str) -> None:
    wish(standin, region, image="ubuntu/images/*noble*server*:canonical", instance_type="t3.micro")
    assert standin.launch()[0].ssh_user == "ubuntu"


@pytest.mark.parametrize("region", ["us-gov-west-1", "cn-north-1"])
def test_outside_aws_no_price_is_asked(standin: StandInRoom, region: str) -> None:
    items = [
        Item("aws", region, "t3.micro"),
        Item("aws", region, "t3.micro", "spot"),
        Item("aws", "us-east-1", "t3.micro"),
    ]
    assert standin.provider.prices.fetch(Scope("aws", "default", region), items) == {}
    assert not {"GetProducts", "DescribeSpotPriceHistory"} & set(standin.control.counts()["calls"])


@pytest.mark.parametrize(
    ("region", "asked", "said"),
    [
        ("cn-north-1", {"image": "debian-12-*:debian"}, "the account of debian in aws-cn"),
        ("us-gov-east-1", {"options": {"iam-role": "arn:aws:iam::123456789012:instance-profile/web"}}, "is of the partition aws"),
        ("eu-west-1", {"options": {"iam-role": "arn:aws-cn:iam::123456789012:instance-profile/web"}}, "partition aws-cn"),
        ("cn-northwest-1", {"spot": Spot(max_price=parse_max_price("0.05"))}, "takes it for yuan"),
    ],
)  # fmt: skip
def test_what_belongs_to_another_partition_is_refused_at_the_prompt(
    region: str, asked: dict[str, Any], said: str
) -> None:
    with pytest.raises(Refused, match=said) as caught:
        PROFILE.plan(Ask(public_key=public_key(), **asked), account="a", default_region=region)
    assert caught.value.hint


def test_a_role_is_assumed_where_its_partition_is() -> None:
    assert home_of("arn:aws-cn:iam::123456789012:role/im", "us-east-1") == "cn-north-1"
    assert home_of("arn:aws:iam::123456789012:role/im", "eu-west-1") == "eu-west-1"
    assert home_of("", "us-gov-east-1") == "us-gov-east-1"


def test_every_region_that_boto3_knows_is_of_the_partition_that_it_says() -> None:
    import boto3

    session = boto3.Session()
    for partition in session.get_available_partitions():
        for region in session.get_available_regions("ec2", partition_name=partition):
            assert partition_of(region) == partition
