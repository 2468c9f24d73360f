"""What a machine is started from: short names for public families of images, each for the architecture of the type."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass

from im.domain.errors import Refused

DEFAULT = "ubuntu-24.04"


@dataclass(frozen=True, slots=True)
class Family:
    """The newest image of a family is taken, by Google, at each launch."""

    project: str
    x86: str
    arm: str
    cloud_init: bool
    """It has cloud-init, which reads user data at the first start; the others have a start-up script only."""
    gb: int = 10
    """The size of its disk, where none is named."""


FAMILIES = {
    "ubuntu-24.04": Family("ubuntu-os-cloud", "ubuntu-2404-lts-amd64", "ubuntu-2404-lts-arm64", cloud_init=True),
    "ubuntu-22.04": Family("ubuntu-os-cloud", "ubuntu-2204-lts", "ubuntu-2204-lts-arm64", cloud_init=True),
    "debian-13": Family("debian-cloud", "debian-13", "debian-13-arm64", cloud_init=False),
    "debian-12": Family("debian-cloud", "debian-12", "debian-12-arm64", cloud_init=False),
    "rocky-9": Family("rocky-linux-cloud", "rocky-linux-9", "rocky-linux-9-arm64", cloud_init=False, gb=20),
    "cos": Family("cos-cloud", "cos-stable", "cos-arm64-stable", cloud_init=True),
}
ALIASES = {"ubuntu": "ubuntu-24.04", "debian": "debian-13", "rocky": "rocky-9"}
_PATH = re.compile(r"projects/[a-z][a-z0-9.:-]{1,61}/global/images/(?:family/)?[a-z][a-z0-9-]{0,62}", re.ASCII)
_OWN = re.compile(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)
_ARM = ("t2a", "c4a", "n4a", "a4x")


def is_arm(instance_type: str) -> bool:
    return instance_type.partition("-")[0] in _ARM


def check_image(name: str | None) -> str:
    """A short name, a path, or the name of an image of the own project. Raises Refused."""
    if name is None:
        return DEFAULT
    meant = ALIASES.get(name, name)
    if meant in FAMILIES:
        return meant
    if "windows" in meant.lower():
        raise Refused("im makes no Windows machines at Google Cloud yet", f"choose {', '.join(FAMILIES)}")
    near = difflib.get_close_matches(meant.lower(), FAMILIES, n=1, cutoff=0.8)
    if near:
        raise Refused(f"'{name[:40]}' is no image that im knows", f"did you mean {near[0]}?")
    if _PATH.fullmatch(meant) or _OWN.fullmatch(meant):
        return meant
    hint = f"{', '.join(FAMILIES)}, an image of your project, or projects/NAME/global/images/family/NAME"
    raise Refused(f"'{name[:40]}' is no image", hint)


def path_of(image: str, instance_type: str, project: str) -> str:
    """What the API is told."""
    if family := FAMILIES.get(image):
        name = family.arm if is_arm(instance_type) else family.x86
        return f"projects/{family.project}/global/images/family/{name}"
    return image if image.startswith("projects/") else f"projects/{project}/global/images/{image}"


def has_cloud_init(image: str) -> bool:
    """Of an image that we do not know, it is believed."""
    family = FAMILIES.get(image)
    return family is None or family.cloud_init


def size_of(image: str) -> int | None:
    """GB of its disk; None for an image that we do not know."""
    family = FAMILIES.get(image)
    return family.gb if family else None
