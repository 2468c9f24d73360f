"""What a person wishes beyond type, zone, image and key, checked offline.

What only EC2 understands is written into a spec's `provider_options`:

login            "own": the person named who logs in
security_groups  the person's own groups instead of one of ours
subnet, vpc      where in the network
kms_key          what encrypts the disks, instead of the account's own key
iam_role         the instance profile that lends the machine its role: a name or an ARN
type_because     why nobody's type is not the usual one, for people
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from im.domain.errors import Refused
from im.domain.spec.disk import Disk
from im.domain.spec.firewall import RDP, SSH, Rule, gathered
from im.providers.aws.flags import FLAGS
from im.providers.aws.launch.disks import check_disks, check_kms_key
from im.providers.aws.launch.families import cannot_hibernate, cannot_spot, memory_of
from im.providers.aws.launch.images import ALIASES, is_windows
from im.providers.aws.partition import check_arn, check_usd

if TYPE_CHECKING:
    from im.domain.spec.spot import Spot
    from im.providers.request import Ask

MOST_USER_DATA = 16 * 1024
"""Bytes."""
_PROFILE = re.compile(r"[\w+=,.@-]{1,128}", re.ASCII)
_PROFILE_ARN = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:instance-profile/[\w+=,.@/-]{1,512}", re.ASCII)
MOST_GROUPS = 5
"""Groups a network interface may have, unless AWS was asked for more."""


def options_of(ask: Ask, region: str) -> dict[str, Any]:
    """The provider's options; only what was asked for is in them. Raises Refused with the nearest right form."""
    ask.refuse_options("aws", "public-ip", *(one.name for one in FLAGS))
    check_user_data(ask.user_data)
    options: dict[str, Any] = {"login": "own"} if ask.ssh_user else {}
    if ask.subnet:
        options["subnet"] = check_id(ask.subnet, "subnet")
    if ask.network:
        options["vpc"] = check_id(ask.network, "vpc")
    if role := ask.options.get("iam-role"):
        options["iam_role"] = check_role(str(role))
        check_arn(
            options["iam_role"], "the instance profile", region, "give its name alone, if it is there under the same"
        )
    if key := ask.options.get("kms-key"):
        options["kms_key"] = check_kms_key(str(key), region, ask.disks)
    if own := _own_groups(ask):
        options["security_groups"] = own
    return options


def spot_of(ask: Ask, instance_type: str, region: str) -> Spot | None:
    """What was asked for. Raises Refused for what no spot machine can be."""
    if ask.spot is not None:
        check_spot(ask, instance_type)
        if ask.spot.max_price is not None:
            check_usd("--max-price", region, "leave it out: spot is never dearer than on demand")
    return ask.spot


def disks_of(ask: Ask, image: str) -> tuple[Disk, ...]:
    """The root disk first. Raises Refused for what EBS cannot give."""
    root, more = check_disks(ask.root_disk, ask.volumes, image)
    return (root or Disk(), *more)


def firewall_of(ask: Ask, image: str) -> tuple[Rule, ...] | None:
    """The rules of the machine's own security group; None where the network, or the person's own groups, decide."""
    # a Windows machine is logged in to by remote desktop, and by ssh where somebody has set that up
    rules = gathered(ask.ssh_from, ask.open_ports, (SSH, RDP) if is_windows(image) else (SSH,))
    if rules is not None and _own_groups(ask):
        raise Refused(
            "a security group of your own brings its own rules",
            "leave --ssh-from and --open out, or --security-group",
        )
    return rules


def _own_groups(ask: Ask) -> list[str]:
    own = [check_id(one, "sg") for one in ask.options.get("security-group") or ()]
    if len(own) > MOST_GROUPS:
        raise Refused(f"{len(own)} security groups are more than a machine can have", f"name at most {MOST_GROUPS}")
    return list(dict.fromkeys(own))


def check_user_data(content: bytes | None) -> None:
    """EC2 takes 16,384 bytes, counted before they are encoded for the wire. Raises Refused; never repeats the content."""
    if content is None or len(content) <= MOST_USER_DATA:
        return
    import gzip

    packed = len(gzip.compress(content, mtime=0))
    hint = "let it fetch the rest from somewhere, as a few lines of shell"
    if packed <= MOST_USER_DATA:
        hint = f"gzip -9 makes {packed:,} of it, which cloud-init unpacks by itself"
    raise Refused(f"{len(content):,} bytes of user data are more than the {MOST_USER_DATA:,} that EC2 takes", hint)


def check_role(given: str) -> str:
    """The name or ARN of an instance profile. Raises Refused, for a role's ARN with the profile of the same name."""
    written = given.strip()
    if _PROFILE.fullmatch(written) or _PROFILE_ARN.fullmatch(written):
        return written
    if ":role/" in written:
        near = written.rpartition("/")[2][:64]
        raise Refused(
            "a machine takes an instance profile, not a role", f"the profile often has the role's name: {near}"
        )
    raise Refused(f"'{written[:40]}' names no instance profile", "give its name or ARN, as in --iam-role web-server")


def check_hibernation(ask: Ask, image: str, instance_type: str) -> bool:
    """True. Raises Refused with a type, or a disk, that would do."""
    if reason := cannot_hibernate(instance_type):
        why, _, near = reason.partition("; ")
        raise Refused(why, f"--instance-type {near.removesuffix(' can')}, or leave --hibernate out")
    if ask.root_disk is not None and not ask.root_disk.encrypted:
        raise Refused("memory is only written to an encrypted root disk", "leave encrypted=no out of --disk")
    needed, size = hibernating_gb(image, instance_type), ask.root_disk.size_gb if ask.root_disk else None
    if needed is not None and size is not None and size < needed:
        beside = f"{image} and the memory of a {instance_type}"
        raise Refused(
            f"to hibernate, {beside} need a root disk of {needed} GB", f"--disk {needed}, or leave --disk out"
        )
    return True


def hibernating_gb(image: str, instance_type: str) -> int | None:
    """GiB that hold an image with the memory beside it; None where only EC2 knows."""
    memory = memory_of(instance_type)
    return ALIASES[image].least_gb + memory if image in ALIASES and memory is not None else None


def check_spot(ask: Ask, instance_type: str) -> None:
    """Raises Refused for what no spot machine can be."""
    if near := cannot_spot(instance_type):
        raise Refused(f"EC2 never lends a {instance_type} as spot", f"--instance-type {near}, or leave --spot out")
    if ask.hibernate:
        raise Refused(
            "a spot machine is stopped without its memory when EC2 takes it back", "leave --hibernate out, or --spot"
        )


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
