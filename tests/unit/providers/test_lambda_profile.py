"""What is said of Lambda without asking it: defaults, short names, what it has not, and how often it may be asked."""

from __future__ import annotations

from typing import Any

import pytest

from im.domain.errors import Refused
from im.domain.spec.disk import Disk
from im.domain.spec.firewall import parse_open
from im.domain.spec.spec import Spec
from im.providers.kit.marked_name import marked
from im.providers.lambda_cloud import tags
from im.providers.lambda_cloud.profile import PROFILE
from im.providers.request import Ask
from tests.providers.clouds import public_key

DEPLOYMENT = "11111111-2222-4333-8444-555555555555"


def planned(**asked: Any) -> Spec:
    return PROFILE.plan(Ask(public_key=public_key(), **asked), account="default", default_region=None)[1]


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"instance_type": "GPU-1x-A10"}, "did you mean gpu_1x_a10"),
        ({"instance_type": "t3.nano"}, "types look like gpu_1x_a10"),
        ({"zone": "us-east"}, "did you mean us-east-"),
        ({"zone": "us-east-1a"}, "did you mean us-east-1"),
        ({"image": "debian-12"}, "for example lambda-stack"),
        ({"hibernate": True}, "leave --hibernate out"),
        ({"root_disk": Disk(size_gb=100)}, "--file-system NAME"),
        ({"user_data": b"x" * 1_000_001}, "at most 1 MB"),
        ({"subnet": "subnet-1"}, "leave --vpc and --subnet out"),
        ({"ssh_from": ("2001:db8::/32",)}, "name an IPv4 network"),
        ({"zone": "us-south-1", "ssh_from": ("203.0.113.7/32",)}, "say --ssh-from anywhere"),
        ({"options": {"file-system": "my files"}}, "no name of a filesystem"),
        ({"options": {"iam-role": "x"}}, "iam-role"),
    ],
)
def test_what_lambda_does_not_have_is_refused_with_what_it_has(asked: dict[str, object], told: str) -> None:
    with pytest.raises(Refused) as refused:
        planned(**asked)
    assert told in f"{refused.value} {refused.value.hint}"


def test_defaults_and_short_names() -> None:
    plain = planned()
    assert (plain.instance_type, plain.zone, plain.image) == ("gpu_1x_a10", "us-east-1", "lambda-stack")
    assert (plain.ssh_user, plain.firewall) == ("ubuntu", None)
    assert planned(image="ubuntu-22.04").image == "lambda-stack-22-04"
    assert planned(image="ubuntu-lts").image == "ubuntu-lts"
    assert planned(options={"file-system": "data"}).provider_options["file-system"] == "data"
    assert planned(zone="us-south-1", ssh_from=("0.0.0.0/0",)).firewall is None


def test_an_open_port_is_open_to_the_addresses_that_there_are() -> None:
    rules = planned(ssh_from=(), open_ports=parse_open("443/tcp")).firewall or ()
    assert [str(one) for one in rules] == ["443/tcp@0.0.0.0/0"]


def test_an_arm_machine_is_no_stand_in_for_another() -> None:
    with pytest.raises(Refused, match="is an ARM machine"):
        PROFILE.check_together([planned(instance_type="gpu_1x_gh200"), planned()])
    PROFILE.check_together([planned(), planned(instance_type="gpu_1x_h100_pcie")])


def test_all_verbs_together_stay_below_a_call_a_second() -> None:
    """A launch makes three calls at most once its key is there, an end two, a look one each ten seconds."""
    calls = {"launch": 3, "terminate": 2, "describe": 1}
    rates = PROFILE.capabilities.rates
    assert sum(calls[verb] * rate.per_second for verb, rate in rates.items()) + 0.1 < 1
    assert rates["launch"].per_second <= 1 / 12


def test_name_and_tags_carry_the_facts_and_survive_what_lambda_takes() -> None:
    name = marked("a-name-of-63-letters".ljust(63, "x"), "im-0123456789", DEPLOYMENT, "f" * 36)
    assert len(name) == 64
    assert tags.read(name, [], DEPLOYMENT)["im:instance"] == "im-0123456789"
    said = {"im:owner": "o" * 200, "Team": "kept in the row alone", "a": "one letter is no key", "team": "é ü"}
    given = tags.written(said)
    assert [one["key"] for one in given] == ["im:owner", "team"]
    assert all(len(one["value"]) <= 128 for one in given)
    assert tags.read("anything", given, DEPLOYMENT)["team"] == "é ü"


@pytest.mark.parametrize("name", ["", "web", "web.1", "a.b.c.d", "web.0123456789.99999999.ffffffffffff"])
def test_a_name_that_is_not_ours_says_nothing(name: str) -> None:
    assert tags.read(name, [], DEPLOYMENT) == {"Name": name}
