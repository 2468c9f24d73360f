"""Listings: pages that are complete, filters, what excludes what, and that status listings know no tags."""

from __future__ import annotations

from typing import Any

import pytest

from tests.standin.client import Control
from tests.standin.tests.conftest import client, refused, shown


def ids_of(answer: dict[str, Any]) -> list[str]:
    return [one["InstanceId"] for group in answer["Reservations"] for one in group["Instances"]]


def drain(call: Any, token: str = "", **asked: Any) -> list[dict[str, Any]]:
    """Every page, from the one behind `token` on."""
    pages = [call(**asked, NextToken=token) if token else call(**asked)]
    while pages[-1].get("NextToken"):
        pages.append(call(**asked, NextToken=pages[-1]["NextToken"]))
    return pages


def test_pages_together_show_every_machine_once(ec2: Any, control: Control) -> None:
    made = control.create(23, tags={"mine": "yes"})
    control.create(5)
    pages = drain(ec2.describe_instances, MaxResults=10, Filters=[{"Name": "tag:mine", "Values": ["yes"]}])
    assert [len(ids_of(page)) for page in pages] == [10, 10, 3]
    assert [one for page in pages for one in ids_of(page)] == made


def test_a_launch_may_go_over_two_pages(ec2: Any, control: Control) -> None:
    made = control.create(8, per_launch=8)
    pages = drain(ec2.describe_instances, MaxResults=5)
    assert [ids_of(page) for page in pages] == [made[:5], made[5:]]
    assert len({page["Reservations"][0]["ReservationId"] for page in pages}) == 1


def test_a_page_may_be_asked_for_again(ec2: Any, control: Control) -> None:
    control.create(12)
    token = ec2.describe_instances(MaxResults=5)["NextToken"]
    again = [ids_of(ec2.describe_instances(MaxResults=5, NextToken=token)) for _ in range(2)]
    assert again[0] == again[1]


def test_what_vanishes_between_pages_takes_nobody_else_along(ec2: Any, control: Control) -> None:
    made = control.create(12)
    token = ec2.describe_instances(MaxResults=5)["NextToken"]
    control.outside("vanish", made[2], made[4], made[6])
    rest = drain(ec2.describe_instances, token, MaxResults=5)
    assert [one for page in rest for one in ids_of(page)] == [made[5], *made[7:]]


def test_without_a_size_a_page_holds_a_thousand(ec2: Any, control: Control) -> None:
    control.create(1001)
    assert [len(ids_of(page)) for page in drain(ec2.describe_instances)] == [1000, 1]
    assert [len(page["InstanceStatuses"]) for page in drain(ec2.describe_instance_status)] == [1000, 1]


@pytest.mark.parametrize("action", ["describe_instances", "describe_instance_status"])
@pytest.mark.parametrize("size", [1, 4, 1001])
def test_a_page_holds_5_to_1000(ec2: Any, action: str, size: int) -> None:
    assert refused(getattr(ec2, action), MaxResults=size)[0] == "InvalidParameterValue"


@pytest.mark.parametrize("action", ["describe_instances", "describe_instance_status"])
def test_ids_and_page_size_exclude_each_other(ec2: Any, control: Control, action: str) -> None:
    (one,) = control.create()
    assert refused(getattr(ec2, action), InstanceIds=[one], MaxResults=10)[0] == "InvalidParameterCombination"


def test_a_token_that_nobody_gave_is_refused(ec2: Any) -> None:
    assert refused(ec2.describe_instances, NextToken="bm9uc2Vuc2U=")[0] == "InvalidParameterValue"


def test_one_unknown_id_hides_the_others_and_is_named(ec2: Any, control: Control) -> None:
    (one,) = control.create()
    for action in (ec2.describe_instances, ec2.describe_instance_status):
        code, _, message = refused(action, InstanceIds=[one, "i-0123456789abcdef0"])
        assert (code, message) == ("InvalidInstanceID.NotFound", "The instance ID 'i-0123456789abcdef0' does not exist")


# ---- filters ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def zoo(control: Control) -> dict[str, list[str]]:
    return {
        "a": control.create(3, tags={"Name": "web-{n}", "team": "red"}, zones=["us-east-1a"]),
        "b": control.create(2, tags={"Name": "db-{n}", "team": "blue"}, zones=["us-east-1b"], state="stopped"),
        "c": control.create(1, tags={"team": ""}, zones=["us-east-1c"], instance_types=["m7g.large"]),
        "d": control.create(1),
    }


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"tag:team": ["red"]}, "a"),
        ({"tag:team": ["red", "blue"]}, "ab"),
        ({"tag:team": [""]}, "c"),
        ({"tag:team": ["re?"]}, "a"),
        ({"tag:Name": ["*"]}, "ab"),
        ({"tag-key": ["team"]}, "abc"),
        ({"tag:team": ["red"], "tag:Name": ["db*"]}, ""),
        ({"instance-state-name": ["stopped"]}, "b"),
        ({"instance-state-code": ["16"]}, "acd"),
        ({"availability-zone": ["us-east-1b"]}, "b"),
        ({"availability-zone": ["us-east-1b", "us-east-1c"], "instance-state-name": ["running"]}, "c"),
        ({"instance-type": ["m7g.*"]}, "c"),
        ({"architecture": ["arm64"]}, "c"),
        ({"tag:nobody": ["has"]}, ""),
    ],
)
def test_values_are_alternatives_and_filters_add_up(
    ec2: Any, zoo: dict[str, list[str]], filters: dict[str, list[str]], found: str
) -> None:
    asked = [{"Name": name, "Values": values} for name, values in filters.items()]
    assert set(shown(ec2, Filters=asked)) == {one for letter in found for one in zoo[letter]}


def test_ids_as_filter_values_may_be_unknown(ec2: Any, zoo: dict[str, list[str]]) -> None:
    asked = [{"Name": "instance-id", "Values": [zoo["b"][0], "i-0123456789abcdef0", "nonsense"]}]
    assert set(shown(ec2, Filters=asked)) == {zoo["b"][0]}


def test_a_tag_filter_follows_the_tags(ec2: Any, zoo: dict[str, list[str]]) -> None:
    red, one = [{"Name": "tag:team", "Values": ["red"]}], zoo["d"][0]
    assert one not in shown(ec2, Filters=red)
    ec2.create_tags(Resources=[one], Tags=[{"Key": "team", "Value": "red"}])
    assert one in shown(ec2, Filters=red)
    ec2.delete_tags(Resources=[one], Tags=[{"Key": "team"}])
    assert set(shown(ec2, Filters=red)) == set(zoo["a"])


def test_at_most_200_values(ec2: Any) -> None:
    asked = [{"Name": "tag:Name", "Values": [str(number) for number in range(201)]}]
    assert refused(ec2.describe_instances, Filters=asked)[0] == "FilterLimitExceeded"


def test_a_filter_that_does_not_exist_is_refused(ec2: Any, control: Control) -> None:
    control.create()
    assert refused(ec2.describe_instances, Filters=[{"Name": "colour", "Values": ["x"]}])[0] == "InvalidParameterValue"


# ---- status ----------------------------------------------------------------------------------------------------------


def test_status_shows_the_running_or_all_of_the_account(ec2: Any, zoo: dict[str, list[str]]) -> None:
    running = ec2.describe_instance_status()["InstanceStatuses"]
    assert {one["InstanceId"] for one in running} == {*zoo["a"], *zoo["c"], *zoo["d"]}
    every = ec2.describe_instance_status(IncludeAllInstances=True)["InstanceStatuses"]
    assert {one["InstanceId"]: one["InstanceState"]["Name"] for one in every} == {
        one: "stopped" if letter == "b" else "running" for letter, ids in zoo.items() for one in ids
    }


def test_status_filters_by_state_and_zone_but_knows_no_tags(ec2: Any, zoo: dict[str, list[str]]) -> None:
    stopped = [{"Name": "instance-state-name", "Values": ["stopped"]}]
    found = ec2.describe_instance_status(IncludeAllInstances=True, Filters=stopped)["InstanceStatuses"]
    assert {one["InstanceId"] for one in found} == set(zoo["b"])
    tagged = [{"Name": "tag:team", "Values": ["red"]}]
    assert refused(ec2.describe_instance_status, Filters=tagged)[0] == "InvalidParameterValue"


# ---- accounts and regions --------------------------------------------------------------------------------------------


def test_accounts_and_regions_do_not_see_each_other(ec2: Any, control: Control, stepped: Any) -> None:
    control.configure(accounts={"AKIAOTHER": "222222222222"})
    (mine,) = control.create()
    (west,) = control.create(region="eu-west-1")
    (theirs,) = control.create(account="222222222222")
    assert set(shown(ec2)) == {mine}
    assert set(shown(client(stepped.url, region="eu-west-1"))) == {west}
    other = client(stepped.url, key="AKIAOTHER")
    assert set(shown(other)) == {theirs}
    assert refused(other.stop_instances, InstanceIds=[mine])[0] == "InvalidInstanceID.NotFound"
    assert client(stepped.url, "sts", key="AKIAOTHER").get_caller_identity()["Account"] == "222222222222"


def test_an_assumed_role_acts_in_its_own_account(ec2: Any, control: Control, stepped: Any) -> None:
    sts = client(stepped.url, "sts")
    made = sts.assume_role(RoleArn="arn:aws:iam::333333333333:role/fleet", RoleSessionName="im")
    key = made["Credentials"]["AccessKeyId"]
    (theirs,) = control.create(account="333333333333")
    assert set(shown(client(stepped.url, key=key))) == {theirs}
    arn = client(stepped.url, "sts", key=key).get_caller_identity()["Arn"]
    assert arn == "arn:aws:sts::333333333333:assumed-role/fleet/im"
