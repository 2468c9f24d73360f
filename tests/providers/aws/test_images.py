"""Images as EC2 knows them, on the stand-in: aliases of both architectures, patterns, mismatches, and who logs in."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from im.domain.sighting import Sighting
from im.providers.aws.launch.images import ALIASES
from im.providers.aws.profile import PROFILE
from im.providers.contract import merge_pages
from im.providers.errors import InvalidSpec
from im.providers.request import Ask
from tests.providers.clouds import REGION, AwsRoom, public_key
from tests.providers.standin_room import StandInRoom
from tests.standin import stock
from tests.unit.providers.aws.test_profile import RSA


def launch(room: AwsRoom, image: str, instance_type: str = "t3.micro", **asked: Any) -> Sighting:
    key = RSA if image.startswith("windows") else public_key()
    ask = Ask(public_key=key, owner="me", image=image, instance_type=instance_type, **asked)
    room.spec = PROFILE.plan(ask, account="default", default_region=REGION)[1]
    (made,) = room.launch()
    return made


def image_of(room: AwsRoom, made: Sighting) -> dict[str, Any]:
    found: dict[str, Any] = room.raw.describe_images(ImageIds=[made.image])["Images"][0]
    return found


def sold_here(alias: str, architecture: str) -> bool:
    return ALIASES[alias].parameters.get(architecture) in stock.parameters(REGION)


@pytest.mark.parametrize("alias", ALIASES)
def test_every_alias_follows_the_architecture_of_the_type(standin: StandInRoom, alias: str) -> None:
    launched = 0
    for instance_type, architecture in (("t3.micro", "x86_64"), ("t4g.micro", "arm64")):
        if sold_here(alias, architecture):
            made = launch(standin, alias, instance_type)
            image = image_of(standin, made)
            assert image["Architecture"] == architecture
            assert made.ssh_user == ALIASES[alias].ssh_user, "the image's name tells the same as the alias"
            assert image["BlockDeviceMappings"][0]["Ebs"]["VolumeSize"] == ALIASES[alias].least_gb
            launched += 1
    assert launched


def test_a_pattern_finds_the_newest_of_its_architecture(standin: StandInRoom) -> None:
    for instance_type, word in (("m7i.large", "amd64"), ("m7g.large", "arm64")):
        image = image_of(standin, launch(standin, "ubuntu/images/*noble-24.04*server-*:canonical", instance_type))
        assert image["Name"] == f"ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-{word}-server-{stock.DATES[-1]}"


def test_a_pattern_of_another_owner_finds_nothing_and_says_so(standin: StandInRoom) -> None:
    with pytest.raises(InvalidSpec, match=r"us-east-1 has no x86_64 image 'ubuntu/images/\*' of debian"):
        launch(standin, "ubuntu/images/*:debian")
    assert merge_pages(standin.provider.list(standin.scope)).sightings == ()


def test_an_image_that_does_not_run_on_the_type_is_refused_before_anything_is_asked_for(standin: StandInRoom) -> None:
    arm = next(one.id for one in stock.images(REGION).values() if one.architecture == "arm64")
    with pytest.raises(InvalidSpec, match=r"built for arm64, and t3.micro is x86_64; a t4g.micro would fit"):
        launch(standin, arm)
    assert not standin.control.calls("RunInstances")


def test_an_ami_id_tells_at_the_launch_who_logs_in(standin: StandInRoom) -> None:
    debian = next(
        o.id for o in stock.images(REGION).values() if o.name.startswith("debian") and o.architecture != "arm64"
    )
    assert launch(standin, debian).ssh_user == "admin"
    assert standin.spec.ssh_user == "ec2-user", "at the prompt it is a guess"


def test_who_the_person_named_is_not_overruled_by_the_image(standin: StandInRoom) -> None:
    made = launch(standin, "ubuntu-24.04", ssh_user="me")
    assert (made.ssh_user, standin.spec.ssh_user) == ("", "me")


def test_a_repeated_launch_names_the_same_image_though_a_newer_one_came(standin: StandInRoom) -> None:
    launch(standin, "ubuntu-24.04")
    (slot,) = standin.slots()
    first = standin.provider.launch(standin.scope, standin.spec, token="same", slots=[slot])
    again = standin.provider.launch(standin.scope, standin.spec, token="same", slots=[slot])
    assert [one.provider_id for one in first] == [one.provider_id for one in again]


def test_where_types_may_not_be_looked_at_their_name_decides(standin: StandInRoom) -> None:
    standin.control.deny("DescribeInstanceTypes")
    assert image_of(standin, launch(standin, "al2023", "t4g.nano"))["Architecture"] == "arm64"


def test_a_row_of_an_earlier_version_still_launches(aws: AwsRoom) -> None:
    aws.spec = replace(aws.spec, provider_options={})
    (made,) = aws.launch()
    assert made.ssh_user == "ec2-user"
