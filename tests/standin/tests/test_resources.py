"""Everything around machines: tags, keys, groups, disks, attributes, images, types, the network."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.providers.clouds import public_key
from tests.standin import stock
from tests.standin.client import Control
from tests.standin.server import StandIn
from tests.standin.tests.conftest import client, refused, shown

Run = Callable[..., list[str]]
SSH = [
    {
        "IpProtocol": "tcp",
        "FromPort": 22,
        "ToPort": 22,
        "IpRanges": [{"CidrIp": "192.0.2.0/24", "Description": "office"}],
    }
]


# ---- tags ------------------------------------------------------------------------------------------------------------


def test_tags_go_on_many_resources_or_on_none(running: Run, ec2: Any) -> None:
    ids = running(2)
    (disk, _) = (one["VolumeId"] for one in ec2.describe_volumes()["Volumes"])
    code, _, message = refused(
        ec2.create_tags, Resources=[*ids, "i-0123456789abcdef0"], Tags=[{"Key": "k", "Value": "v"}]
    )
    assert code == "InvalidInstanceID.NotFound"
    assert "i-0123456789abcdef0" in message
    assert ec2.describe_tags()["Tags"] == []
    ec2.create_tags(Resources=[*ids, disk], Tags=[{"Key": "k", "Value": "v"}])
    found = {(one["ResourceId"], one["ResourceType"]) for one in ec2.describe_tags()["Tags"]}
    assert found == {(ids[0], "instance"), (ids[1], "instance"), (disk, "volume")}


def test_a_tag_is_deleted_only_when_its_value_fits(running: Run, ec2: Any) -> None:
    ids = running(tags={"k": "v", "other": "x"})
    ec2.delete_tags(Resources=ids, Tags=[{"Key": "k", "Value": "not this"}])
    assert len(ec2.describe_tags()["Tags"]) == 2
    ec2.delete_tags(Resources=ids, Tags=[{"Key": "k", "Value": "v"}])
    assert [one["Key"] for one in ec2.describe_tags()["Tags"]] == ["other"]


def test_fifty_tags_and_no_more(running: Run, ec2: Any) -> None:
    ids = running(tags={f"k{number}": "" for number in range(50)})
    assert refused(ec2.create_tags, Resources=ids, Tags=[{"Key": "one more", "Value": ""}])[0] == "TagLimitExceeded"
    ec2.create_tags(Resources=ids, Tags=[{"Key": "k0", "Value": "changed"}])


# ---- keys ------------------------------------------------------------------------------------------------------------


def test_a_key_is_kept_whole_and_found_by_tag(ec2: Any) -> None:
    tags = [{"ResourceType": "key-pair", "Tags": [{"Key": "im:deployment", "Value": "d"}]}]
    ec2.import_key_pair(KeyName="mine", PublicKeyMaterial=public_key().encode(), TagSpecifications=tags)
    ec2.import_key_pair(KeyName="other", PublicKeyMaterial=public_key("two").encode())
    mine = [{"Name": "tag:im:deployment", "Values": ["d"]}]
    (found,) = ec2.describe_key_pairs(Filters=mine, IncludePublicKey=True)["KeyPairs"]
    assert found["PublicKey"] == public_key()
    assert "PublicKey" not in ec2.describe_key_pairs(KeyNames=["mine"])["KeyPairs"][0]
    assert (
        refused(ec2.import_key_pair, KeyName="mine", PublicKeyMaterial=public_key().encode())[0]
        == "InvalidKeyPair.Duplicate"
    )
    ec2.delete_key_pair(KeyName="mine")
    assert [one["KeyName"] for one in ec2.describe_key_pairs()["KeyPairs"]] == ["other"]


@pytest.mark.parametrize("kind", ["rsa", "ed25519"])
def test_fingerprints_are_those_that_openssh_computes(ec2: Any, tmp_path: Path, kind: str) -> None:
    subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", "", "-f", tmp_path / "key"], check=True)
    made = ec2.import_key_pair(KeyName="mine", PublicKeyMaterial=(tmp_path / "key.pub").read_bytes())
    if kind == "ed25519":
        said = subprocess.run(["ssh-keygen", "-lf", tmp_path / "key.pub"], check=True, capture_output=True, text=True)
        assert made["KeyFingerprint"].rstrip("=") == said.stdout.split()[1].removeprefix("SHA256:")
        return
    command = f"ssh-keygen -ef {tmp_path}/key -m PKCS8 | openssl rsa -pubin -outform DER 2>/dev/null | openssl md5 -c"
    said = subprocess.run(["sh", "-c", command], check=True, capture_output=True, text=True)
    assert made["KeyFingerprint"] == said.stdout.split()[-1]


@pytest.mark.parametrize("key", [b"nonsense", b"ssh-dss AAAA", b"ssh-rsa %%%"])
def test_what_is_no_key_is_refused(ec2: Any, key: bytes) -> None:
    assert refused(ec2.import_key_pair, KeyName="mine", PublicKeyMaterial=key)[0] == "InvalidKey.Format"


# ---- groups ----------------------------------------------------------------------------------------------------------


def test_rules_come_once_and_go_once(ec2: Any) -> None:
    group = ec2.create_security_group(GroupName="mine", Description="d")["GroupId"]
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=SSH)
    assert (
        refused(ec2.authorize_security_group_ingress, GroupId=group, IpPermissions=SSH)[0]
        == "InvalidPermission.Duplicate"
    )
    (rule,) = ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"][0]["IpPermissions"]
    assert (rule["FromPort"], rule["IpRanges"]) == (22, SSH[0]["IpRanges"])
    ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=SSH)
    assert (
        refused(ec2.revoke_security_group_ingress, GroupId=group, IpPermissions=SSH)[0] == "InvalidPermission.NotFound"
    )
    nonsense = [{**SSH[0], "IpRanges": [{"CidrIp": "192.0.2.300/24"}]}]
    assert (
        refused(ec2.authorize_security_group_ingress, GroupId=group, IpPermissions=nonsense)[0]
        == "InvalidParameterValue"
    )


def test_a_group_in_use_stays(running: Run, ec2: Any, control: Control) -> None:
    group = ec2.create_security_group(GroupName="mine", Description="d")["GroupId"]
    ids = running(SecurityGroupIds=[group])
    assert shown(ec2)[ids[0]]["SecurityGroups"] == [{"GroupId": group, "GroupName": "mine"}]
    assert refused(ec2.delete_security_group, GroupId=group)[0] == "DependencyViolation"
    ec2.terminate_instances(InstanceIds=ids)
    control.step(3)
    ec2.delete_security_group(GroupId=group)
    (default,) = ec2.describe_security_groups()["SecurityGroups"]
    assert refused(ec2.delete_security_group, GroupId=default["GroupId"])[0] == "CannotDelete"


# ---- disks -----------------------------------------------------------------------------------------------------------


def test_disks_are_as_asked_for_and_some_outlive_their_machine(running: Run, ec2: Any, control: Control) -> None:
    asked = [
        {"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 20, "Encrypted": True, "DeleteOnTermination": True}},
        {
            "DeviceName": "/dev/sdf",
            "Ebs": {"VolumeSize": 5, "VolumeType": "io2", "Iops": 200, "DeleteOnTermination": False},
        },
    ]
    tags = [{"ResourceType": "volume", "Tags": [{"Key": "im:deployment", "Value": "d"}]}]
    ids = running(BlockDeviceMappings=asked, TagSpecifications=tags)
    found = {one["Attachments"][0]["Device"]: one for one in ec2.describe_volumes()["Volumes"]}
    assert (found["/dev/xvda"]["Size"], found["/dev/xvda"]["Encrypted"]) == (20, True)
    assert (found["/dev/sdf"]["VolumeType"], found["/dev/sdf"]["Iops"]) == ("io2", 200)
    assert found["/dev/sdf"]["Tags"] == tags[0]["Tags"]
    assert refused(ec2.delete_volume, VolumeId=found["/dev/sdf"]["VolumeId"])[0] == "VolumeInUse"
    ec2.terminate_instances(InstanceIds=ids)
    control.step(3)
    (left,) = ec2.describe_volumes(Filters=[{"Name": "status", "Values": ["available"]}])["Volumes"]
    assert left["VolumeId"] == found["/dev/sdf"]["VolumeId"]
    ec2.delete_volume(VolumeId=left["VolumeId"])
    assert ec2.describe_volumes()["Volumes"] == []


@pytest.mark.parametrize(
    ("disk", "code"),
    [
        ({"VolumeSize": 7}, "InvalidBlockDeviceMapping"),
        ({"KmsKeyId": "alias/x"}, "InvalidParameterDependency"),
        ({"VolumeType": "gp2", "Iops": 3000}, "InvalidParameterCombination"),
    ],
)
def test_a_disk_that_cannot_be_is_refused(run: Run, disk: dict[str, Any], code: str) -> None:
    assert refused(run, BlockDeviceMappings=[{"DeviceName": "/dev/xvda", "Ebs": disk}])[0] == code


# ---- attributes ------------------------------------------------------------------------------------------------------


def test_type_and_user_data_change_only_while_stopped(running: Run, ec2: Any, control: Control) -> None:
    (one,) = running(UserData="#!/bin/sh")
    assert (
        refused(ec2.modify_instance_attribute, InstanceId=one, InstanceType={"Value": "t3.small"})[0]
        == "IncorrectInstanceState"
    )
    ec2.stop_instances(InstanceIds=[one])
    control.step(3)
    ec2.modify_instance_attribute(InstanceId=one, InstanceType={"Value": "t3.small"})
    assert shown(ec2)[one]["InstanceType"] == "t3.small"
    data = ec2.describe_instance_attribute(InstanceId=one, Attribute="userData")["UserData"]["Value"]
    assert data == "IyEvYmluL3No"
    assert control.calls("RunInstances")[0]["asked"]["UserData"] == "12 characters"


# ---- what there is ---------------------------------------------------------------------------------------------------


def test_every_public_parameter_names_an_image_that_can_be_launched(ec2: Any, stepped: StandIn) -> None:
    ssm = client(stepped.url, "ssm")
    for name in stock.parameters("us-east-1"):
        ami = ssm.get_parameter(Name=name)["Parameter"]["Value"]
        (image,) = ec2.describe_images(ImageIds=[ami])["Images"]
        kind = "t4g.nano" if image["Architecture"] == "arm64" else "t3.nano"
        assert ec2.run_instances(ImageId=ami, InstanceType=kind, MinCount=1, MaxCount=1)["Instances"]


def test_images_are_found_by_name_pattern_and_owner_and_dated(ec2: Any) -> None:
    name = [{"Name": "name", "Values": ["debian-12-amd64-*"]}]
    found = ec2.describe_images(Filters=name, Owners=["136693071363"])["Images"]
    assert len({one["CreationDate"] for one in found}) == len(found) == 3
    assert ec2.describe_images(Filters=name, Owners=["amazon"])["Images"] == []


def test_ssm_names_what_it_does_not_know(control: Control, stepped: StandIn) -> None:
    ssm = client(stepped.url, "ssm")
    assert refused(ssm.get_parameter, Name="/aws/service/none")[0] == "ParameterNotFound"
    known = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
    answer = ssm.get_parameters(Names=[known, "/aws/service/none"])
    assert [one["Name"] for one in answer["Parameters"]] == [known]
    assert answer["InvalidParameters"] == ["/aws/service/none"]


def test_types_tell_their_architecture_and_what_they_can(ec2: Any) -> None:
    names = ["t2.nano", "m7g.large", "m5.large", "g5.xlarge"]
    found = {one["InstanceType"]: one for one in ec2.describe_instance_types(InstanceTypes=names)["InstanceTypes"]}
    assert found["m7g.large"]["ProcessorInfo"]["SupportedArchitectures"] == ["arm64"]
    assert (found["t2.nano"]["HibernationSupported"], found["m5.large"]["HibernationSupported"]) == (False, True)
    assert found["m5.large"]["VCpuInfo"]["DefaultVCpus"] == 2
    assert found["g5.xlarge"]["GpuInfo"]["Gpus"][0]["Count"] == 1
    assert refused(ec2.describe_instance_types, InstanceTypes=["t9.nano"])[0] == "InvalidInstanceType"


def test_a_subnet_stands_for_its_zone(run: Run, ec2: Any) -> None:
    (vpc,) = ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"]
    mine = [{"Name": "vpc-id", "Values": [vpc["VpcId"]]}, {"Name": "availability-zone", "Values": ["us-east-1c"]}]
    (subnet,) = ec2.describe_subnets(Filters=mine)["Subnets"]
    (one,) = run(Placement={}, SubnetId=subnet["SubnetId"], ClientToken="once")
    assert shown(ec2)[one]["Placement"]["AvailabilityZone"] == "us-east-1c"
    assert refused(run, SubnetId=subnet["SubnetId"])[0] == "InvalidParameterValue"


def test_an_action_that_does_not_exist_here_says_so(ec2: Any) -> None:
    assert refused(ec2.describe_hosts)[:2] == ("InvalidAction", 400)
