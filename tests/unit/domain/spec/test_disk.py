"""Disks as people write them, and what EBS allows: each refusal names the nearest value that would do."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from im.db.instances.spec import from_spec, to_spec
from im.domain.errors import Refused
from im.domain.spec.disk import Disk, fate, parse_disk
from im.domain.spec.spec import Spec
from im.providers.aws.launch.disks import DEVICES, KINDS, check_disks, check_kms_key, mappings
from im.providers.aws.launch.images import Image

PLAIN = Spec("small", "fake-1a", "image", "", "fake", "me")
AMI = "ami-0123456789abcdef0"
IMAGE = Image(AMI, "/dev/xvda", 8, "gp2", "x86_64")


@pytest.mark.parametrize(
    ("text", "disk"),
    [
        ("50", Disk(50)),
        ("100GB,keep", Disk(100, keep=True)),
        ("size=2TB, type=st1", Disk(2048, "st1")),
        ("size=100,type=io2,iops=4000,keep=yes", Disk(100, "io2", 4000, keep=True)),
        ("type=GP3,throughput=250,encrypted=no", Disk(kind="gp3", throughput=250, encrypted=False)),
        ("snapshot=snap-01234567", Disk(snapshot="snap-01234567")),
    ],
)
def test_disks(text: str, disk: Disk) -> None:
    assert parse_disk(text) == disk


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("sise=50", "did you mean size?"),
        ("50,gp3", "write size=, type="),
        ("50,mount=/data", "write size=, type="),
        ("size=big", "as in size=100"),
        ("0", "as in size=100"),
        ("-5", "write size="),
        ("size=1e9", "as in size=100"),
        ("9" * 40, "as in size=100"),
        ("000001000000" + "9" * 30, "as in size=100"),
        ("50,size=60", "leave one of them out"),
        ("50,keep=maybe", "keep=yes or keep=no"),
        ("50,type=", "leave type out"),
        ("", "write size="),
    ],
)
def test_no_disks(text: str, hint: str) -> None:
    with pytest.raises(Refused) as caught:
        parse_disk(text)
    assert hint in caught.value.hint
    assert len(caught.value.message) < 120


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("100,type=gp4", "'gp4' is no type", "did you mean type=gp"),
        ("100,type=ssd", "'ssd' is no type", "use one of gp3"),
        ("100,iops=100000", "gp3 of 100 GB has 3000 to 50000 IOPS", "iops=50000"),
        ("100,iops=10", "3000 to", "iops=3000"),
        ("100,type=gp2,iops=4000", "cannot be chosen", "type=io2 or type=gp3"),
        ("100,type=io2", "needs to know how many IOPS", "iops=100000"),
        ("10,type=io1,iops=9000", "io1 of 10 GB has 100 to 500 IOPS", "iops=500"),
        ("2,type=io2,iops=100", "4 to 65536 GB", "size=4"),
        ("100,type=st1", "125 to 16384 GB", "size=125"),
        ("100,throughput=5000", "125 to 2000 MiB/s", "throughput=2000"),
        ("100,type=gp2,throughput=200", "cannot be chosen", "type=gp3"),
        ("100,snapshot=latest", "not the id of a snapshot", "snap-0123456789abcdef0"),
        ("type=gp3", "a volume needs a size", "--volume size=100"),
    ],
)
def test_what_no_volume_can_be_is_refused_with_the_nearest_value(text: str, message: str, hint: str) -> None:
    with pytest.raises(Refused) as caught:
        check_disks(None, [parse_disk(text)], AMI)
    assert message in caught.value.message
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    ("text", "image", "message", "hint"),
    [
        ("20", "windows-2022", "needs a root disk of 30 GB", "--disk 30"),
        ("4", "al2023", "needs a root disk of 8 GB", "--disk 8"),
        ("500,type=st1", AMI, "no machine boots from st1", "did you mean type=gp3?"),
        ("50,snapshot=snap-01234567", AMI, "comes from the image", "--volume snapshot="),
    ],
)
def test_what_no_root_disk_can_be(text: str, image: str, message: str, hint: str) -> None:
    with pytest.raises(Refused) as caught:
        check_disks(parse_disk(text), [], image)
    assert message in caught.value.message
    assert hint in caught.value.hint


@pytest.mark.parametrize("hinted", [f"{kind}" for kind in KINDS])
def test_every_limit_that_is_named_is_allowed(hinted: str) -> None:
    """What a hint proposes has to pass itself: one of the least size of every type."""
    can = KINDS[hinted]
    iops = max(can.iops[0], min(can.iops[1], can.per_gb * can.least)) if can.needs_iops and can.iops else None
    check_disks(None, [Disk(can.least, hinted, iops), Disk(can.most, hinted, iops)], AMI)


def test_more_volumes_than_devices() -> None:
    check_disks(None, [Disk(10)] * len(DEVICES), AMI)
    with pytest.raises(Refused, match="12 volumes"):
        check_disks(None, [Disk(10)] * 12, AMI)


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab", "lies in eu-west-1"),
        ("my key", "names no KMS key"),
        ("alias/", "names no KMS key"),
    ],
)
def test_no_kms_keys(key: str, message: str) -> None:
    with pytest.raises(Refused) as caught:
        check_kms_key(key, "us-east-1", [Disk()])
    assert message in caught.value.message


def test_a_kms_key_for_nothing_is_refused() -> None:
    with pytest.raises(Refused, match="no disk is to be encrypted"):
        check_kms_key("alias/im", "us-east-1", [Disk(encrypted=False)])


def test_the_request_says_only_what_was_asked_and_what_encryption_needs() -> None:
    asked = mappings(
        [Disk(), Disk(100, "io2", 4000, keep=True), Disk(10, "gp3", encrypted=False)], IMAGE, "alias/im", 8
    )
    assert asked == [
        {
            "DeviceName": "/dev/xvda",
            "Ebs": {
                "DeleteOnTermination": True,
                "VolumeSize": 8,
                "VolumeType": "gp2",
                "Encrypted": True,
                "KmsKeyId": "alias/im",
            },
        },
        {
            "DeviceName": "/dev/sdf",
            "Ebs": {
                "DeleteOnTermination": False,
                "VolumeSize": 100,
                "VolumeType": "io2",
                "Iops": 4000,
                "Encrypted": True,
                "KmsKeyId": "alias/im",
            },
        },
        {"DeviceName": "/dev/sdg", "Ebs": {"DeleteOnTermination": True, "VolumeSize": 10, "VolumeType": "gp3"}},
    ]


@given(
    st.lists(
        st.builds(
            Disk,
            st.none() | st.integers(1, 100),
            st.none() | st.sampled_from(list(KINDS)),
            encrypted=st.booleans(),
            keep=st.booleans(),
        ),
        min_size=1,
        max_size=4,
    )
)
def test_disks_are_read_as_they_were_stored(disks: list[Disk]) -> None:
    spec = replace(PLAIN, disks=tuple(disks))
    assert to_spec(json.loads(json.dumps(from_spec(spec)))) == spec


def test_a_disk_of_a_newer_version_is_read_as_far_as_it_is_known() -> None:
    stored = {"options": {"disks": [{"size_gb": 50, "colour": "red"}]}}
    assert to_spec(stored).disks == (Disk(50),)


def test_what_ends_and_what_stays_is_said() -> None:
    assert fate(PLAIN.disks) == "the root disk is deleted"
    told = fate([Disk(), Disk(100, keep=True), Disk(20)])
    assert told == (
        "the root disk is deleted · the volume of 100 GB is kept, and goes on costing · the volume of 20 GB is deleted"
    )
