"""What has to be known, or to be there, before a launch: the image, the facts of the type, the key pair, the
security group.

Each is asked once and kept for a while. A launch that is repeated has to say the same as before, though AWS renews its
images now and then; and a crowd of launches is not to ask for the same thing each.
"""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import Any, TypeVar

from im.domain.spec.spec import Spec
from im.providers.aws.api.clients import Clients
from im.providers.aws.api.errors import translated
from im.providers.aws.launch import disks, images, key_pairs, network, security_groups, types
from im.providers.aws.launch.families import twin_of
from im.providers.aws.launch.images import Image
from im.providers.aws.launch.network import Place
from im.providers.aws.launch.types import TypeFacts
from im.providers.errors import InvalidSpec

KEEP = 6 * 3600.0
"""Seconds for which the meaning of an image's name is not asked again."""
KEEP_NETWORK = 600.0
"""Seconds for which a security group is believed to hold what it should."""
FOR_GOOD = float("inf")
MOST_KEPT = 2000
"""Answers; beyond them all are asked anew: a worker lives long, and everybody comes with a key of their own."""

T = TypeVar("T")


class Fitting:
    def __init__(self, clients: Clients, deployment: str) -> None:
        self._clients = clients
        self._deployment = deployment
        self._kept: dict[tuple[str, ...], tuple[Any, float]] = {}

    def forget(self, *kinds: str) -> None:
        """Ask again for everything of these kinds: somebody has removed it since."""
        self._kept = {key: value for key, value in self._kept.items() if key[0] not in kinds}

    def image(self, region: str, name: str, instance_type: str) -> Image:
        """The AMI that `name` stands for, on a type. Raises InvalidSpec when it would not run there."""
        facts = self.type_facts(region, instance_type)
        architecture = facts.architectures[0]

        def ask() -> Image:
            with translated():
                return images.resolve(self._clients.ssm(region), self._clients.ec2(region), name, architecture)

        image = self._once(("image", region, name, architecture), KEEP, ask)
        if image.architecture not in facts.architectures:
            fits = twin_of(instance_type, image.architecture) if image.architecture in ("arm64", "x86_64") else ""
            hint = f"; a {fits} would fit" if fits else ""
            raise InvalidSpec(
                f"the image {name} is built for {image.architecture}, and {instance_type} is {architecture}{hint}"
            )
        return image

    def type_facts(self, region: str, instance_type: str) -> TypeFacts:
        def ask() -> TypeFacts:
            return types.look_up(self._clients.ec2(region), instance_type)

        return self._once(("type", region, instance_type), FOR_GOOD, ask)

    def check_spot(self, region: str, spec: Spec) -> None:
        """Raises InvalidSpec for a type that is not lent as spot in the region."""
        if spec.spot is not None and self.type_facts(region, spec.instance_type).spot is False:
            raise InvalidSpec(f"{spec.instance_type} is not lent as spot in {region}; leave --spot out")

    def key(self, region: str, spec: Spec) -> str:
        """The name of the key pair, imported unless it is there."""

        def ask() -> str:
            return key_pairs.ensure_key(self._clients.ec2(region), spec.public_key, self._deployment, spec.tags)

        return self._once(("key", region, spec.public_key), FOR_GOOD, ask)

    def place(self, region: str, spec: Spec) -> Place | None:
        """Where it goes; None when nothing about the network was asked for, and nothing has to be known of it."""
        asked = [str(spec.provider_options.get(one, "")) for one in ("subnet", "vpc")]
        asked.append("" if spec.public_ip is None else str(spec.public_ip))
        if not any(asked) and spec.firewall is None:
            return None
        key = ("place", region, *asked, spec.zone)
        return self._once(key, KEEP_NETWORK, lambda: network.find_place(self._clients.ec2(region), spec))

    def groups(self, region: str, spec: Spec, place: Place | None) -> tuple[str, ...]:
        """The security groups to launch into: the person's own, or the one with the wished rules; else the VPC's default."""
        rules = spec.firewall
        if rules is None or place is None:
            return tuple(spec.provider_options.get("security_groups") or ())
        ec2, vpc = self._clients.ec2(region), place.vpc
        key = ("group", region, vpc, security_groups.group_name(rules, self._deployment))

        def ask() -> str:
            return security_groups.ensure_group(ec2, rules, self._deployment, vpc, spec.tags)

        return (self._once(key, KEEP_NETWORK, ask),)

    def root_gb(self, region: str, spec: Spec, image: Image) -> int | None:
        """GiB of the root disk. Raises InvalidSpec when the image does not fit, with its memory beside it if it hibernates."""
        room, why = 0, "the image"
        if spec.hibernate:
            facts = self.type_facts(region, spec.instance_type)
            if facts.hibernates is False:
                raise InvalidSpec(f"{spec.instance_type} cannot hibernate in {region}; leave --hibernate out")
            room, why = -(-(facts.memory or 0) // 1024), "to hibernate, the image"
        size = disks.root_size(spec.disks[0], image, room)
        needed = (image.root_size or 0) + room
        if size is not None and image.root_size is not None and size < needed:
            raise InvalidSpec(f"{why} {spec.image} needs a root disk of {needed} GB; --disk {needed} would do")
        return size

    def _once(self, key: tuple[str, ...], seconds: float, ask: Callable[[], T]) -> T:
        kept = self._kept.get(key)
        if kept is None or monotonic() - kept[1] > seconds:
            kept = ask(), monotonic()
            if len(self._kept) >= MOST_KEPT:
                self._kept = {}
            self._kept[key] = kept
        found: T = kept[0]
        return found


def has_own_login(spec: Spec) -> bool:
    """Did the person say who logs in? Then what the image tells does not count."""
    return bool(spec.provider_options.get("login"))
