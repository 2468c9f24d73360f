"""What the stand-in's cloud sells: instance types and images. A handful of each, with the facts that launches depend on."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True, slots=True)
class InstanceType:
    name: str
    vcpus: int
    memory: int
    """MiB."""
    architecture: str
    hibernation: bool
    spot: bool = True
    gpus: int = 0
    instance_store: int = 0
    """GB."""


def _types() -> list[InstanceType]:
    small = {"nano": (1, 512), "micro": (1, 1024), "small": (1, 2048), "medium": (2, 4096), "large": (2, 8192)}
    found = [
        InstanceType(f"t2.{size}", vcpus, memory, "x86_64", hibernation=size != "nano", spot=size != "nano")
        for size, (vcpus, memory) in small.items()
    ]
    for family, architecture in (("t3", "x86_64"), ("t3a", "x86_64"), ("t4g", "arm64")):
        found += [
            InstanceType(f"{family}.{size}", 2, memory, architecture, hibernation=architecture == "x86_64")
            for size, (_, memory) in small.items()
        ]
    for family, gib, architecture in (
        *(("m5", 4, "x86_64"), ("m6i", 4, "x86_64"), ("m7i", 4, "x86_64"), ("m7g", 4, "arm64"), ("m8g", 4, "arm64")),
        *(("c5", 2, "x86_64"), ("c7i", 2, "x86_64"), ("c7g", 2, "arm64")),
        *(("r5", 8, "x86_64"), ("r7i", 8, "x86_64"), ("r7g", 8, "arm64")),
    ):
        for size, vcpus in {"large": 2, "xlarge": 4, "2xlarge": 8, "4xlarge": 16}.items():
            found.append(
                InstanceType(
                    f"{family}.{size}", vcpus, vcpus * gib * 1024, architecture, hibernation=architecture == "x86_64"
                )
            )
    found += [
        InstanceType("g4dn.xlarge", 4, 16 * 1024, "x86_64", hibernation=False, gpus=1, instance_store=125),
        InstanceType("g5.xlarge", 4, 16 * 1024, "x86_64", hibernation=False, gpus=1, instance_store=250),
        InstanceType("g6.xlarge", 4, 16 * 1024, "x86_64", hibernation=False, gpus=1, instance_store=250),
        InstanceType("p4d.24xlarge", 96, 1152 * 1024, "x86_64", hibernation=False, gpus=8, instance_store=8000),
        InstanceType("p5.48xlarge", 192, 2048 * 1024, "x86_64", hibernation=False, gpus=8, instance_store=30400),
        InstanceType("i3.large", 2, 15616, "x86_64", hibernation=False, instance_store=475),
    ]
    return found


TYPES = {one.name: one for one in _types()}


BEFORE_T3 = frozenset(
    "us-east-1 us-east-2 us-west-1 us-west-2 ca-central-1 sa-east-1 eu-central-1 eu-west-1 eu-west-2 eu-west-3 ap-south-1 "
    "ap-northeast-1 ap-northeast-2 ap-northeast-3 ap-southeast-1 ap-southeast-2 cn-north-1 cn-northwest-1 us-gov-west-1".split()
)
"""The regions that sell t2; those that came later never did."""


def sold(region: str) -> dict[str, InstanceType]:
    """What a region sells, by name."""
    return {name: one for name, one in TYPES.items() if region in BEFORE_T3 or not name.startswith("t2.")}


@dataclass(frozen=True, slots=True)
class Image:
    id: str
    name: str
    owner: str
    owner_alias: str
    architecture: str
    created: str
    root_device: str
    size: int
    """GiB of the root disk."""
    description: str
    windows: bool = False


@dataclass(frozen=True, slots=True)
class _Line:
    """One product: a name with its date in it, who publishes it, and the SSM parameters that name the newest."""

    name: str
    owner: str
    alias: str
    architecture: str
    root_device: str
    size: int
    parameters: tuple[str, ...] = ()
    windows: bool = False


_AMAZON, _CANONICAL, _DEBIAN, _WINDOWS, _DLAMI = (
    "137112412989", "099720109477", "136693071363", "801119661308", "898082745236",
)  # fmt: skip
_AL = "/aws/service/ami-amazon-linux-latest"
_DL = "/aws/service/deeplearning/ami"


def _lines() -> list[_Line]:
    lines = [
        _Line("Windows_Server-2022-English-Full-Base-{date}", _WINDOWS, "amazon", "x86_64", "/dev/sda1", 30,
              ("/aws/service/ami-windows-latest/Windows_Server-2022-English-Full-Base",), windows=True),
        _Line("Windows_Server-2025-English-Full-Base-{date}", _WINDOWS, "amazon", "x86_64", "/dev/sda1", 30,
              ("/aws/service/ami-windows-latest/Windows_Server-2025-English-Full-Base",), windows=True),
    ]  # fmt: skip
    for arch, word in (("x86_64", "amd64"), ("arm64", "arm64")):
        lines += [
            _Line(f"amzn2-ami-hvm-2.0.{{date}}.0-{arch}-gp2", _AMAZON, "amazon", arch, "/dev/xvda", 8,
                  (f"{_AL}/amzn2-ami-hvm-{arch}-gp2",)),
            _Line(f"al2023-ami-2023.9.{{date}}.0-kernel-6.1-{arch}", _AMAZON, "amazon", arch, "/dev/xvda", 8,
                  (f"{_AL}/al2023-ami-kernel-default-{arch}", f"{_AL}/al2023-ami-kernel-6.1-{arch}")),
            _Line(f"ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-{word}-server-{{date}}", _CANONICAL, "", arch,
                  "/dev/sda1", 8, (f"/aws/service/canonical/ubuntu/server/24.04/stable/current/{word}/hvm/ebs-gp3/ami-id",)),
            _Line(f"ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-{word}-server-{{date}}", _CANONICAL, "", arch,
                  "/dev/sda1", 8, (f"/aws/service/canonical/ubuntu/server/22.04/stable/current/{word}/hvm/ebs-gp2/ami-id",)),
            _Line(f"debian-12-{word}-{{date}}-2259", _DEBIAN, "", arch, "/dev/xvda", 8,
                  (f"/aws/service/debian/release/12/latest/{word}",)),
            _Line(f"Deep Learning Base AMI with Single CUDA (Ubuntu 22.04) {{date}} {arch}", _DLAMI, "amazon", arch,
                  "/dev/sda1", 50, (f"{_DL}/{arch}/base-with-single-cuda-ubuntu-22.04/latest/ami-id",)),
            _Line(f"Deep Learning OSS Nvidia Driver AMI GPU PyTorch 2.7 (Ubuntu 22.04) {{date}} {arch}", _DLAMI, "amazon",
                  arch, "/dev/sda1", 50, (f"{_DL}/{arch}/oss-nvidia-driver-gpu-pytorch-2.7-ubuntu-22.04/latest/ami-id",)),
        ]  # fmt: skip
    return lines


DATES = ("20250401", "20250704", "20251007")
"""Three releases of every image, oldest first; the last is what the parameters name."""


OWNERS_ELSEWHERE = {
    "cn-": {_CANONICAL: "837727238323"},
    "us-gov-": {_CANONICAL: "513442679011"},
}
"""Publishers have other accounts in other partitions."""


def partition_of(region: str) -> str:
    return "aws-cn" if region.startswith("cn-") else "aws-us-gov" if region.startswith("us-gov-") else "aws"


def _owner(owner: str, region: str) -> str:
    return next((own.get(owner, owner) for start, own in OWNERS_ELSEWHERE.items() if region.startswith(start)), owner)


@cache
def images(region: str) -> dict[str, Image]:
    """Every public image of a region by its id; ids differ from region to region, as at AWS."""
    found = {}
    for line in _lines():
        for date in DATES:
            name = line.name.format(date=date)
            found[_ami(region, name)] = Image(
                _ami(region, name),
                name,
                _owner(line.owner, region),
                line.alias,
                line.architecture,
                f"{date[:4]}-{date[4:6]}-{date[6:]}T09:00:00.000Z",
                line.root_device,
                line.size,
                f"{name} by the stand-in",
                line.windows,
            )
    return found


@cache
def parameters(region: str) -> dict[str, str]:
    """SSM's public parameters of a region → the newest image's id."""
    return {
        parameter: _ami(region, line.name.format(date=DATES[-1])) for line in _lines() for parameter in line.parameters
    }


def _ami(region: str, name: str) -> str:
    return f"ami-{hashlib.sha256(f'{region}/{name}'.encode()).hexdigest()[:17]}"
