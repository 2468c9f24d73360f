"""Images of Crusoe's by its own names, and by what people mean: an Ubuntu that has the drivers of the machine's GPU.

Only names that Crusoe's own examples use are made up here: https://github.com/crusoecloud, of 2026-11-28.
"""

from __future__ import annotations

import difflib
import re

from im.domain.errors import Refused
from im.providers.crusoe.api import UUID

USUAL = "ubuntu-22.04"
ALIASES = {"ubuntu": USUAL, USUAL: USUAL, "ubuntu-24.04": "ubuntu-24.04"}
_NAMES = {
    (USUAL, ""): "ubuntu22.04:latest",
    (USUAL, "pcie"): "ubuntu22.04-nvidia-pcie-docker:latest",
    (USUAL, "sxm"): "ubuntu22.04-nvidia-sxm-docker:latest",
    (USUAL, "rocm"): "ubuntu-rocm:latest",
    ("ubuntu-24.04", ""): "ubuntu24.04:latest",
    ("ubuntu-24.04", "sxm"): "ubuntu24.04-nvidia-sxm-docker:latest",
}
IMAGES = tuple(_NAMES.values())
_IMAGE = re.compile(r"[a-z][a-z0-9._-]{0,99}:[a-z0-9][a-z0-9._-]{0,60}", re.ASCII)


def check_image(name: str) -> str:
    """An alias, a name of Crusoe's or the id of an image of one's own. Raises Refused for what cannot be one."""
    if name in ALIASES or name in IMAGES or UUID.fullmatch(name):
        return name
    if not _IMAGE.fullmatch(name):
        near = difflib.get_close_matches(name.lower(), [*ALIASES, *IMAGES], n=1)
        hint = (
            f"did you mean {near[0]}?" if near else "for example ubuntu-22.04, a name of Crusoe's as NAME:TAG, or an id"
        )
        raise Refused(f"'{name[:40]}' is not an image of Crusoe's", hint)
    return name


def image_for(kind: str, asked: str | None) -> str:
    """The image that `asked` means for machines of that type. Raises Refused where there is none that we know."""
    meant = ALIASES.get(checked := check_image(asked or USUAL), "")
    if not meant:
        return checked
    drivers = "sxm" if "-sxm" in kind else "rocm" if kind.startswith("mi3") else "" if is_cpu(kind) else "pcie"
    if (meant, drivers) not in _NAMES:
        raise Refused(
            f"im knows no image {meant} of Crusoe's with the drivers of {kind}",
            f"say --image {USUAL}, or a name of Crusoe's as NAME:TAG",
        )
    return _NAMES[meant, drivers]


def is_cpu(kind: str) -> bool:
    """Types without a GPU: c1a, c2a for computing, s1a, s2a with disks."""
    return re.match(r"[cs]\d[a-z]\.", kind, re.ASCII) is not None
