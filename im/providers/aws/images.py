"""Image names a person can remember, and the AMI that each stands for in a region, by SSM's public parameters."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from im.domain.errors import Refused
from im.providers.errors import InvalidSpec

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_ssm import SSMClient

DEFAULT_ALIAS = "al2023"
DEFAULT_USER = "ec2-user"
_AMI = re.compile(r"ami-(?:[0-9a-f]{8}|[0-9a-f]{17})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Alias:
    """A short name: where AWS publishes the current AMI id, who logs in, and for which processors it was built."""

    parameter: str
    ssh_user: str
    architecture: str = "x86_64"


_AMAZON = "/aws/service/ami-amazon-linux-latest"
_UBUNTU = "/aws/service/canonical/ubuntu/server"
ALIASES = {
    "al2023": Alias(f"{_AMAZON}/al2023-ami-kernel-default-x86_64", "ec2-user"),
    "al2023-arm64": Alias(f"{_AMAZON}/al2023-ami-kernel-default-arm64", "ec2-user", "arm64"),
    "al2": Alias(f"{_AMAZON}/amzn2-ami-hvm-x86_64-gp2", "ec2-user"),
    "ubuntu-24.04": Alias(f"{_UBUNTU}/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id", "ubuntu"),
    "ubuntu-22.04": Alias(f"{_UBUNTU}/22.04/stable/current/amd64/hvm/ebs-gp2/ami-id", "ubuntu"),
    "debian-12": Alias("/aws/service/debian/release/12/latest/amd64", "admin"),
}


@dataclass(frozen=True, slots=True)
class Image:
    """An AMI as far as a launch has to know it; sizes in GiB, as EC2 counts."""

    ami: str
    root_device: str
    root_size: int | None
    root_type: str | None
    architecture: str


def check_image(asked: str | None) -> tuple[str, str]:
    """(alias or AMI id, ssh user) for what was asked. Raises Refused for what can be neither."""
    name = (asked or DEFAULT_ALIAS).strip()
    if name in ALIASES:
        return name, ALIASES[name].ssh_user
    if _AMI.fullmatch(name):
        return name, DEFAULT_USER
    if name.lower().startswith("ami-"):
        raise Refused(
            f"'{name[:40]}' is not an AMI id", "an AMI id is ami- and 8 or 17 hexadecimal digits in small letters"
        )
    near = difflib.get_close_matches(name.lower(), ALIASES, n=1)
    known = ", ".join(ALIASES)
    raise Refused(
        f"'{name[:40]}' is no image we know", f"did you mean {near[0]}?" if near else f"use an AMI id or one of {known}"
    )


def resolve_alias(ssm: SSMClient, name: str) -> str:
    """The AMI id that `name` stands for in the client's region; an AMI id stands for itself."""
    if name not in ALIASES:
        return name
    return ssm.get_parameter(Name=ALIASES[name].parameter)["Parameter"]["Value"]


def look_up(ec2: EC2Client, ami: str) -> Image:
    """The facts of one AMI. Raises InvalidSpec when the region has none by that id."""
    images = ec2.describe_images(ImageIds=[ami])["Images"]
    if not images:
        raise InvalidSpec(f"{ec2.meta.region_name} has no image {ami}, or it is not shared with this account")
    found = images[0]
    root = found.get("RootDeviceName", "/dev/xvda")
    disks = {disk.get("DeviceName"): disk.get("Ebs", {}) for disk in found.get("BlockDeviceMappings", [])}
    disk = disks.get(root, {})
    return Image(ami, root, disk.get("VolumeSize"), disk.get("VolumeType"), found.get("Architecture", "x86_64"))
