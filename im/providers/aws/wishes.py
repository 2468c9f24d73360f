"""What a person wishes beyond type, zone, image and key, checked offline and written down as EC2's options of a spec.

login            "own": the person named who logs in
firewall         the rules of the machine's security group, as im.domain.firewall writes them
security_groups  the person's own groups instead
subnet, vpc      where in the network
"""

from __future__ import annotations

import re
from typing import Any

from im.domain.disk import Disk, stored
from im.domain.errors import Refused
from im.domain.firewall import RDP, SSH, gathered
from im.providers.aws.disks import check_disks, check_kms_key
from im.providers.aws.images import is_windows
from im.providers.base import Ask

MOST_GROUPS = 5
"""Groups a network interface may have, unless AWS was asked for more."""


def options_of(ask: Ask, image: str, region: str) -> dict[str, Any]:
    """The options; only what was asked for is in them. Raises Refused with the nearest right form."""
    ask.refuse_options("aws", "security-group", "kms-key")
    options: dict[str, Any] = {"login": "own"} if ask.ssh_user else {}
    if ask.subnet:
        options["subnet"] = check_id(ask.subnet, "subnet")
    if ask.network:
        options["vpc"] = check_id(ask.network, "vpc")
    return options | _firewall(ask, image) | _disks(ask, image, region)


def _firewall(ask: Ask, image: str) -> dict[str, Any]:
    own = [check_id(one, "sg") for one in ask.options.get("security-group") or ()]
    # a Windows machine is logged in to by remote desktop, and by ssh where somebody has set that up
    rules = gathered(ask.ssh_from, ask.open_ports, (SSH, RDP) if is_windows(image) else (SSH,))
    if own and rules is not None:
        raise Refused(
            "a security group of your own brings its own rules",
            "leave --ssh-from and --open out, or --security-group",
        )
    if len(own) > MOST_GROUPS:
        raise Refused(f"{len(own)} security groups are more than a machine can have", f"name at most {MOST_GROUPS}")
    if own:
        return {"security_groups": list(dict.fromkeys(own))}
    return {} if rules is None else {"firewall": [str(one) for one in rules]}


def _disks(ask: Ask, image: str, region: str) -> dict[str, Any]:
    root, more = check_disks(ask.root_disk, ask.volumes, image)
    options = stored(root, more)
    if key := ask.options.get("kms-key"):
        options["kms_key"] = check_kms_key(str(key), region, (root or Disk(), *more))
    return options


_KINDS = {"sg": "security group", "subnet": "subnet", "vpc": "VPC"}


def check_id(given: str, prefix: str) -> str:
    """An id of that kind: the prefix and 8 or 17 hex digits. Raises Refused."""
    what, written = _KINDS[prefix], given.strip()
    if re.fullmatch(rf"{prefix}-(?:[0-9a-f]{{8}}|[0-9a-f]{{17}})", written, re.ASCII):
        return written
    other = next((kind for kind in _KINDS if kind != prefix and written.startswith(f"{kind}-")), None)
    if other:
        raise Refused(f"'{written[:40]}' is a {_KINDS[other]}, not a {what}", f"it goes with --{_FLAGS[other]}")
    raise Refused(f"'{written[:40]}' is not the id of a {what}", f"it looks like {prefix}-0123456789abcdef0")


_FLAGS = {"sg": "security-group", "subnet": "subnet", "vpc": "vpc"}
