"""What a rehearsal for AWS says of the address, the tags, the type and the region, and what it refuses; no cloud is asked."""

from __future__ import annotations

from decimal import Decimal

from tests.standin.server import StandIn
from tests.unit.cli.rehearsal import Rehearsal, rehearsal

__all__ = ["rehearsal"]


def test_without_a_public_address_it_costs_that_much_less(rehearsal: Rehearsal) -> None:
    with_one, without = rehearsal.plan("--public-ip", "yes"), rehearsal.plan("--public-ip", "no")
    assert rehearsal.plan()["usd_per_hour"] == with_one["usd_per_hour"]
    assert Decimal(with_one["usd_per_hour"]) - Decimal(without["usd_per_hour"]) == Decimal("0.005")
    assert (with_one["public_ip_wished"], without["public_ip_wished"], rehearsal.plan()["public_ip_wished"]) == (
        True,
        False,
        None,
    )
    assert "address       none that is public" in rehearsal.told("--public-ip", "no")


def test_a_subnet_that_may_give_no_address_is_priced_with_one_and_said_so(rehearsal: Rehearsal) -> None:
    told = rehearsal.told("--subnet", "subnet-0123456789abcdef0")
    assert "if its subnet gives it one, and priced so; --public-ip yes or no decides" in told


def test_nobody_comes_from_the_internet_to_what_has_no_public_address(rehearsal: Rehearsal) -> None:
    assert rehearsal.plan("--public-ip", "no", ssh_from=None)["firewall"] == []
    said = rehearsal.refused("--public-ip", "no", ssh_from="me")
    assert "a machine without a public address cannot be reached from yours" in said
    assert "--ssh-from 10.0.0.0/8" in said
    assert rehearsal.plan("--public-ip", "no", ssh_from="10.0.0.0/8")["firewall"] == ["22/tcp@10.0.0.0/8"]


def test_tags_for_all_are_shown_and_the_persons_go_before_them(rehearsal: Rehearsal) -> None:
    plan = rehearsal.plan("--tag", "team=db", IM_TAGS="team=web, CostCentre=42")
    assert plan["tags"] == {"team": "db", "CostCentre": "42"}
    assert "tags          team=web, CostCentre=42" in rehearsal.told(IM_TAGS="team=web, CostCentre=42")


def test_tags_that_cannot_be_name_their_variable(rehearsal: Rehearsal) -> None:
    for given in ("team", "Name=x", "im:owner=x", "a=b;c=d"):
        assert "IM_TAGS: " in rehearsal.refused(IM_TAGS=given)


def test_where_t2_is_not_sold_the_nearest_type_is_taken_and_said_aloud(rehearsal: Rehearsal) -> None:
    told = rehearsal.told(AWS_REGION="eu-north-1")
    assert "would launch  1 × t3.nano (no type was named, and eu-north-1 sells no t2.nano)" in told
    assert rehearsal.plan(AWS_REGION="eu-north-1")["instance_type"] == "t3.nano"
    assert rehearsal.plan(AWS_REGION="us-east-1")["instance_type"] == "t2.nano"
    assert rehearsal.plan("--availability-zone", "us-west-2-lax-1a")["instance_type"] == "t3.nano"
    assert "no type was named" not in rehearsal.told("--instance-type", "t3.nano", AWS_REGION="eu-north-1")


def test_a_spot_price_is_asked_of_ec2_and_shown_with_its_date(rehearsal: Rehearsal) -> None:
    with StandIn(start=1_893_456_000) as cloud:
        cloud.control.spot_price("us-east-1a", "t3.nano", "0.75")
        told = rehearsal.told("--spot", IM_SANDBOX_URL=cloud.url)
        assert "computing $0.75" in told
        assert "EC2 spot price in us-east-1a, in force since 2030-01-01 00:00 UTC" in told
        cloud.control.deny("DescribeSpotPriceHistory")
        assert "it is never more than on demand" in rehearsal.told("--spot", IM_SANDBOX_URL=cloud.url)


def test_a_role_of_another_partition_is_refused_before_anything_is_stored(rehearsal: Rehearsal) -> None:
    accounts = {"IM_ACCOUNTS": "prod=arn:aws-cn:iam::111122223333:role/im"}
    said = rehearsal.refused("--account", "prod", AWS_REGION="eu-west-1", **accounts)
    assert "the role of the account prod is of the partition aws-cn, and eu-west-1 is of aws" in said
    assert rehearsal.plan("--account", "prod", AWS_REGION="cn-north-1", **accounts)["region"] == "cn-north-1"
    guarded = {"IM_GUARD_ROLE": "arn:aws:iam::111122223333:role/guard", "AWS_REGION": "us-gov-west-1"}
    assert "IM_GUARD_ROLE is of the partition aws" in rehearsal.refused("--guard", "scheduler", **guarded)
    assert rehearsal.plan("--guard", "none", **guarded)["guard"] == "none"
