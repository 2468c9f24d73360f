"""Images by a name that a person can remember, by a pattern, or by AMI id; and the AMI that each stands for in a region.

Aliases go through SSM's public parameters, patterns through DescribeImages. The architecture follows the instance type.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from im.domain.errors import Refused
from im.providers.aws.launch.families import ARM, X86, architecture_of, twin_of
from im.providers.aws.partition import AWS, partition_of
from im.providers.aws.partition import OWNERS as ELSEWHERE
from im.providers.errors import InvalidSpec

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_ssm import SSMClient

DEFAULT_ALIAS = "al2023"
DEFAULT_USER = "ec2-user"
_AMI = re.compile(r"ami-(?:[0-9a-f]{8}|[0-9a-f]{17})", re.ASCII)
_NAME_LIKE = re.compile(r"[A-Za-z0-9()\[\] ./'@_*?-]{3,128}", re.ASCII)
"""The letters of an AMI's name, and the wildcards of a filter."""


@dataclass(frozen=True, slots=True)
class Alias:
    """A short name: where AWS publishes the current AMI id for each architecture, who logs in, how big the disk is."""

    parameters: Mapping[str, str]
    ssh_user: str
    least_gb: int
    """GiB of the image's own root disk; a smaller one is refused by EC2."""
    windows: bool = False
    disk: str | None = None
    """The type of its root disk, where its name or its documentation says so."""


_AMAZON = "/aws/service/ami-amazon-linux-latest"
_UBUNTU = "/aws/service/canonical/ubuntu/server"
_WINDOWS = "/aws/service/ami-windows-latest/Windows_Server"
_LEARNING = "/aws/service/deeplearning/ami"


def _both(template: str, x86: str = X86, arm: str = ARM) -> dict[str, str]:
    return {X86: template.format(x86), ARM: template.format(arm)}


ALIASES: Mapping[str, Alias] = {
    "al2023": Alias(_both(f"{_AMAZON}/al2023-ami-kernel-default-{{}}"), "ec2-user", 8, disk="gp3"),
    "al2023-arm64": Alias({ARM: f"{_AMAZON}/al2023-ami-kernel-default-arm64"}, "ec2-user", 8, disk="gp3"),
    "al2": Alias(_both(f"{_AMAZON}/amzn2-ami-hvm-{{}}-gp2"), "ec2-user", 8, disk="gp2"),
    "ubuntu-24.04": Alias(
        _both(f"{_UBUNTU}/24.04/stable/current/{{}}/hvm/ebs-gp3/ami-id", "amd64"), "ubuntu", 8, disk="gp3"
    ),
    "ubuntu-22.04": Alias(
        _both(f"{_UBUNTU}/22.04/stable/current/{{}}/hvm/ebs-gp2/ami-id", "amd64"), "ubuntu", 8, disk="gp2"
    ),
    "debian-12": Alias(_both("/aws/service/debian/release/12/latest/{}", "amd64"), "admin", 8),
    "windows-2022": Alias({X86: f"{_WINDOWS}-2022-English-Full-Base"}, "Administrator", 30, windows=True),
    "windows-2025": Alias({X86: f"{_WINDOWS}-2025-English-Full-Base"}, "Administrator", 30, windows=True),
    "dl-base": Alias(_both(f"{_LEARNING}/{{}}/base-with-single-cuda-ubuntu-22.04/latest/ami-id"), "ubuntu", 50),
    "dl-pytorch": Alias(
        _both(f"{_LEARNING}/{{}}/oss-nvidia-driver-gpu-pytorch-2.7-ubuntu-22.04/latest/ami-id"), "ubuntu", 50
    ),
}

OWNERS: Mapping[str, str] = {
    **{word: word for word in ("self", "amazon", "aws-marketplace")},
    "canonical": "099720109477",
    "debian": "136693071363",
    "fedora": "125523088429",
    "rocky": "792107900819",
    "almalinux": "764336703387",
    "redhat": "309956199498",
    "suse": "013907871322",
}
"""Who publishes, in words: EC2's own three, and the accounts that these distributions name on their sites."""

_LOGINS = (
    (r"windows", "Administrator"),
    (r"ubuntu", "ubuntu"),
    (r"debian", "admin"),
    (r"\bal20|amzn|amazon.?linux|rhel|suse|almalinux|centos.stream", "ec2-user"),
    (r"centos", "centos"),
    (r"rocky", "rocky"),
    (r"fedora", "fedora"),
    (r"bitnami", "bitnami"),
)


@dataclass(frozen=True, slots=True)
class Image:
    """An AMI as far as a launch has to know it; sizes in GiB, as EC2 counts. No user when its name does not tell."""

    ami: str
    root_device: str
    root_size: int | None
    root_type: str | None
    architecture: str
    ssh_user: str = ""
    windows: bool = False


def check_image(asked: str | None) -> tuple[str, str]:
    """(alias, AMI id or pattern:owner, ssh user) for what was asked. Raises Refused for what can be none of them.

    The user of an AMI id is a guess, and that of a pattern an educated one, until the image itself is seen.
    """
    name = (asked or DEFAULT_ALIAS).strip()
    if name in ALIASES:
        return name, ALIASES[name].ssh_user
    if _AMI.fullmatch(name):
        return name, DEFAULT_USER
    if name.lower().startswith("ami-"):
        raise Refused(
            f"'{name[:40]}' is not an AMI id", "an AMI id is ami- and 8 or 17 hexadecimal digits in small letters"
        )
    if ":" in name:
        pattern, owner = _check_pattern(name)
        return f"{pattern}:{owner}", login_of(name) or DEFAULT_USER
    if set(name) & set("*?["):
        hint = f"say it after a colon: '{name[:40]}:self', or of {', '.join(OWNERS)}"
        raise Refused(f"'{name[:40]}' is a pattern, and whose images are meant is not said", hint)
    near = difflib.get_close_matches(name.lower(), ALIASES, n=1)
    known = ", ".join(ALIASES)
    raise Refused(
        f"'{name[:40]}' is no image we know",
        f"did you mean {near[0]}?" if near else f"use an AMI id, a pattern as in 'my-app-*:self', or one of {known}",
    )


def check_built_for(name: str, instance_type: str) -> None:
    """Is the alias `name` published for the architecture of that type? Raises Refused, with a type and an image that fit."""
    architecture = architecture_of(instance_type)
    built_for = ALIASES[name].parameters if name in ALIASES else {architecture: ""}
    if architecture not in built_for:
        (other,) = built_for
        hint = f"--instance-type {twin_of(instance_type, other)}, or --image {DEFAULT_ALIAS}"
        raise Refused(f"{name} is built for {other}, and {instance_type} is {architecture}", hint)


def _check_pattern(name: str) -> tuple[str, str]:
    pattern, _, owner = name.rpartition(":")
    pattern, owner = pattern.strip(), owner.strip()
    if re.fullmatch(r"\d{12}", owner, re.ASCII) is None and owner.lower() not in OWNERS:
        near = difflib.get_close_matches(owner.lower(), OWNERS, n=1)
        known = f"an account number, or one of {', '.join(OWNERS)}"
        raise Refused(
            f"'{owner[:40]}' owns no images we know of", f"did you mean {near[0]}?" if near else f"use {known}"
        )
    if not _NAME_LIKE.fullmatch(pattern) or not pattern.strip("*? "):
        raise Refused(
            f"'{pattern[:60]}' is no pattern for an image's name",
            "for example 'ubuntu/images/*noble*server*:canonical'",
        )
    return pattern, owner.lower()


def owner_in(owner: str, region: str) -> str:
    """The account, or EC2's own word, that `owner` stands for in the region's partition; empty when nobody knows."""
    partition = partition_of(region)
    if partition == AWS or not OWNERS.get(owner, "").isdigit():
        return OWNERS.get(owner, owner)
    return ELSEWHERE.get(partition, {}).get(owner, "")


def check_published(image: str, region: str) -> None:
    """Raises Refused for a pattern of an owner whose account in the region's partition is not known."""
    _, colon, owner = image.rpartition(":")
    if colon and not owner_in(owner, region):
        known = [word for word in OWNERS if owner_in(word, region)]
        raise Refused(
            f"the account of {owner} in {partition_of(region)}, which {region} is of, is not known to im",
            f"give its number after the colon, or one of {', '.join(known)}",
        )


def login_of(name: str) -> str:
    """Who logs in to an image of that name; empty when the name does not tell."""
    return next((user for pattern, user in _LOGINS if re.search(pattern, name, re.IGNORECASE)), "")


def is_windows(name: str) -> bool:
    """As far as an alias or a pattern tells."""
    return ALIASES[name].windows if name in ALIASES else login_of(name) == "Administrator"


def resolve(ssm: SSMClient, ec2: EC2Client, name: str, architecture: str) -> Image:
    """The image that `name` stands for in the client's region now. Raises InvalidSpec when there is none."""
    if name in ALIASES:
        parameters = ALIASES[name].parameters
        parameter = parameters.get(architecture) or next(iter(parameters.values()))
        return look_up(ec2, ssm.get_parameter(Name=parameter)["Parameter"]["Value"])
    if ":" in name:
        return _newest(ec2, name, architecture)
    return look_up(ec2, name)


def look_up(ec2: EC2Client, ami: str) -> Image:
    """The facts of one AMI. Raises InvalidSpec when the region has none by that id."""
    images = ec2.describe_images(ImageIds=[ami])["Images"]
    if not images:
        raise InvalidSpec(f"{ec2.meta.region_name} has no image {ami}, or it is not shared with this account")
    return _read(images[0])


def _newest(ec2: EC2Client, name: str, architecture: str) -> Image:
    pattern, _, owner = name.rpartition(":")
    filters: Any = [
        {"Name": "name", "Values": [pattern]},
        {"Name": "state", "Values": ["available"]},
        {"Name": "architecture", "Values": [architecture]},
    ]
    owner_id = owner_in(owner, ec2.meta.region_name) or owner
    found = ec2.describe_images(Owners=[owner_id], Filters=filters)["Images"]
    if not found:
        raise InvalidSpec(f"{ec2.meta.region_name} has no {architecture} image '{pattern}' of {owner}")
    # the same moment is broken by id, so that a launch that is repeated says the same
    return _read(max(found, key=lambda one: (one.get("CreationDate", ""), one["ImageId"])))


def _read(found: Any) -> Image:
    root = found.get("RootDeviceName", "/dev/xvda")
    disks = {disk.get("DeviceName"): disk.get("Ebs", {}) for disk in found.get("BlockDeviceMappings", [])}
    disk = disks.get(root, {})
    windows = (found.get("Platform") or "").lower() == "windows"
    user = "Administrator" if windows else login_of(found.get("Name") or "")
    built_for = found.get("Architecture", X86)
    return Image(found["ImageId"], root, disk.get("VolumeSize"), disk.get("VolumeType"), built_for, user, windows)
