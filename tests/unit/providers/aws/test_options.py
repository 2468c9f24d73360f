"""User data, roles and hibernation at the prompt: what EC2 would refuse is refused before anything is written."""

from __future__ import annotations

import gzip
import json
import os
from functools import cache
from pathlib import Path
from typing import Any

import moto
import pytest

from im.domain.errors import Refused
from im.domain.spec.disk import Disk
from im.domain.spec.names import check_tags
from im.domain.spec.spec import Spec
from im.providers.aws.launch.expected import expects
from im.providers.aws.launch.families import HIBERNATING, cannot_hibernate, memory_of
from im.providers.aws.launch.options import MOST_USER_DATA
from im.providers.aws.profile import PROFILE
from im.providers.request import Ask
from tests.providers.clouds import public_key


def plan(**asked: Any) -> Spec:
    return PROFILE.plan(Ask(public_key=public_key(), **asked), account="a", default_region="us-east-1")[1]


def refusal(**asked: Any) -> Refused:
    with pytest.raises(Refused) as caught:
        plan(**asked)
    return caught.value


def test_as_much_user_data_as_ec2_takes() -> None:
    content = os.urandom(MOST_USER_DATA)
    assert plan(user_data=content).user_data == content


def test_too_much_user_data_that_gzip_would_make_fit() -> None:
    error = refusal(user_data=b"echo hello\n" * 2000)
    assert error.message == "22,000 bytes of user data are more than the 16,384 that EC2 takes"
    assert error.hint.startswith("gzip -9 makes ")


def test_too_much_user_data_that_nothing_makes_fit() -> None:
    error = refusal(user_data=b"s3cret" + os.urandom(20_000))
    assert "fetch the rest" in error.hint
    assert "s3cret" not in error.message + error.hint


@pytest.mark.parametrize(
    "role", ["web-server", "im+dev@x.y", "arn:aws:iam::123456789012:instance-profile/team/web-server"]
)
def test_instance_profiles(role: str) -> None:
    assert plan(options={"iam-role": role}).provider_options["iam_role"] == role


@pytest.mark.parametrize(
    ("role", "hint"),
    [
        ("arn:aws:iam::123456789012:role/team/web", "the profile often has the role's name: web"),
        ("web server", "--iam-role web-server"),
        ("arn:aws:iam::12:instance-profile/web", "--iam-role web-server"),
    ],
)
def test_no_instance_profiles(role: str, hint: str) -> None:
    assert hint in refusal(options={"iam-role": role}).hint


@pytest.mark.parametrize(
    ("instance_type", "near"),
    [
        ("t2.nano", "--instance-type t2.micro"),
        ("t3.nano", "--instance-type t3.micro"),
        ("g5.xlarge", "--instance-type t3.xlarge"),
        ("g5g.2xlarge", "--instance-type t4g.large"),
        ("m5.metal", "--instance-type m5.large"),
    ],
)
def test_no_hibernation(instance_type: str, near: str) -> None:
    error = refusal(instance_type=instance_type, hibernate=True)
    assert near in error.hint
    better = near.split()[1]
    assert plan(instance_type=better, hibernate=True).hibernate is True


def test_the_default_type_cannot_hibernate_and_says_which_can() -> None:
    assert "t2.micro" in refusal(hibernate=True).hint


def test_memory_goes_to_an_encrypted_disk_only() -> None:
    error = refusal(instance_type="t3.micro", hibernate=True, root_disk=Disk(30, encrypted=False))
    assert "encrypted root disk" in error.message


@pytest.mark.parametrize(
    ("asked", "says", "hint"),
    [
        ({"instance_type": "t3.large", "root_disk": Disk(10)}, "al2023 and the memory of a t3.large", "--disk 16"),
        ({"instance_type": "m5.xlarge", "root_disk": Disk(23)}, "a root disk of 24 GB", "--disk 24"),
        ({"instance_type": "c7g.large", "image": "dl-base", "root_disk": Disk(53)}, "dl-base", "--disk 54"),
    ],
)
def test_memory_needs_room_beside_the_image(asked: dict[str, Any], says: str, hint: str) -> None:
    error = refusal(hibernate=True, **asked)
    assert says in error.message
    assert hint in error.hint


def test_what_holds_memory_and_image_is_taken_and_priced() -> None:
    assert plan(hibernate=True, instance_type="t3.large", root_disk=Disk(16)).hibernate
    assert expects(plan(hibernate=True, instance_type="t3.large")).disk_gb == 16
    assert expects(plan(instance_type="t3.large")).disk_gb == 8
    older = plan(hibernate=True, instance_type="r4.xlarge", root_disk=Disk(10))
    assert older.hibernate, "whose memory is not a round number: EC2 says whether it fits"
    assert expects(plan(hibernate=True, instance_type="r4.xlarge")).disk_gb is None


def test_the_memory_that_a_name_tells_is_what_awss_own_table_says() -> None:
    told = {name: memory_of(name) for name, one in _types().items() if one["HibernationSupported"]}
    said = {name: -(-_types()[name]["MemoryInfo"]["SizeInMiB"] // 1024) for name in told}
    wrong = {name: (gb, said[name]) for name, gb in told.items() if gb not in (None, said[name])}
    assert wrong == {}
    assert sum(gb is not None for gb in told.values()) > 400


@cache
def _types() -> dict[str, Any]:
    table = Path(moto.__file__).parent / "ec2" / "resources" / "instance_types.json.gz"
    types: dict[str, Any] = json.loads(gzip.decompress(table.read_bytes()))
    return types


def test_the_families_that_hibernate_are_those_of_awss_own_table() -> None:
    can = {name for name, one in _types().items() if one["HibernationSupported"]}
    assert {name.partition(".")[0] for name in can} == HIBERNATING
    refused = {name for name in can if cannot_hibernate(name)}
    assert {name.partition(".")[2] for name in refused} == {"nano"}, "and nano for want of memory"


def test_tags_as_many_and_as_long_as_fit_beside_ours() -> None:
    assert len(check_tags({f"k{n}": "v" * 256 for n in range(45)})) == 45
    with pytest.raises(Refused, match="46 tags"):
        check_tags({f"k{n}": "" for n in range(46)})
    for key, value in (("aws:x", ""), ("IM:owner", "x"), ("Name", "x"), ("k" * 129, ""), ("k", "v" * 257), ("", "v")):
        with pytest.raises(Refused):
            check_tags({key: value})
