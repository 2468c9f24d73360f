"""Disks at EC2: types, IOPS, keys, and what the launch tells of them."""

from __future__ import annotations

import pytest

from im.domain.spec.disk import Disk
from im.providers.errors import InvalidSpec
from tests.providers.clouds import AwsRoom
from tests.providers.standin_room import StandInRoom

KEY = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"


@pytest.fixture(params=["aws", "standin"])
def ec2(request: pytest.FixtureRequest) -> AwsRoom:
    found: AwsRoom = request.getfixturevalue(request.param)
    return found


def test_type_iops_and_encryption_reach_the_volumes(standin: StandInRoom) -> None:
    standin.wish(
        root_disk=Disk(50, "io2", 4000),
        volumes=(Disk(100, throughput=250, iops=4000), Disk(10, encrypted=False)),
        options={"kms-key": KEY},
    )
    (one,) = standin.launch()
    root, big, plain = standin.volumes(one.provider_id)
    assert (root["Size"], root["VolumeType"], root["Iops"], root["Encrypted"]) == (50, "io2", 4000, True)
    assert (big["Size"], big["VolumeType"], big["Iops"], big["Throughput"]) == (100, "gp3", 4000, 250)
    assert big["KmsKeyId"] == root["KmsKeyId"] == KEY
    assert (plain["Size"], plain["Encrypted"]) == (10, False)
    assert [volume["Attachments"][0]["Device"] for volume in (big, plain)] == ["/dev/sdf", "/dev/sdg"]


def test_every_volume_carries_our_tags(ec2: AwsRoom) -> None:
    ec2.wish(volumes=(Disk(100, keep=True),))
    (one,) = ec2.launch()
    assert all("im:deployment" in {tag["Key"] for tag in disk["Tags"]} for disk in ec2.volumes(one.provider_id))


def test_a_plain_machine_has_the_images_own_disk_encrypted(ec2: AwsRoom) -> None:
    ec2.wish()
    (one,) = ec2.launch()
    (root,) = ec2.volumes(one.provider_id)
    assert (root["Encrypted"], root["Size"]) == (True, one.disk_gb)


def test_the_launch_tells_what_is_charged_by_the_month(standin: StandInRoom) -> None:
    standin.wish(root_disk=Disk(50), volumes=(Disk(100), Disk(500, "st1")))
    (one,) = standin.launch()
    assert (one.disk_gb, one.disk_type) == (150, "gp3")


def test_an_image_that_does_not_fit_on_the_disk_is_told_before_the_launch(standin: StandInRoom) -> None:
    big = standin.raw.describe_images(Filters=[{"Name": "name", "Values": ["Deep Learning Base*x86_64"]}])["Images"][0]
    standin.wish(image=big["ImageId"], root_disk=Disk(20))
    with pytest.raises(InvalidSpec, match=r"needs a root disk of 50 GB; --disk 50 would do"):
        standin.launch()
    assert standin.control.calls("RunInstances") == []
