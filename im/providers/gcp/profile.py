"""What is known of Compute Engine without asking it: defaults, and the mistakes that can be caught before anything is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from im.domain.config.account import Account
from im.domain.config.region import said_by, zone_of
from im.domain.errors import Refused
from im.domain.scope import Scope
from im.domain.spec.disk import Disk
from im.domain.spec.firewall import gathered
from im.domain.spec.placement import ANY
from im.domain.spec.spec import Spec
from im.providers.gcp.capabilities import CAPABILITIES
from im.providers.gcp.launch import images, types
from im.providers.gcp.places import DEFAULT_REGION, check_region, check_zone, first_zone
from im.providers.kit.ssh_key import check_public_key
from im.providers.request import Ask

if TYPE_CHECKING:
    from im.settings import Settings

MOST_USER_DATA = 256 * 1024
"""Bytes of one metadata value."""
LEAST_GB = 10
KINDS = ("pd-standard", "pd-balanced", "pd-ssd", "pd-extreme", "hyperdisk-balanced", "hyperdisk-extreme")


class GcpProfile:
    """Compute Engine, offline."""

    name = "gcp"
    capabilities = CAPABILITIES

    def plan(self, ask: Ask, *, account: str, default_region: str | None) -> tuple[Scope, Spec]:
        """Defaults: e2-small in the region's first zone with Ubuntu 24.04 LTS. Raises Refused with the nearest right form."""
        ask.refuse_options(self.name, "public-ip", "gpu")
        _refuse_what_is_not_there(ask)
        region, zone = _where(ask, default_region or DEFAULT_REGION)
        kind = types.check_type(ask.instance_type or (types.WITH_GPU if ask.options.get("gpu") else types.DEFAULT))
        image = images.check_image(ask.image)
        spec = Spec(
            instance_type=kind,
            zone=zone,
            image=image,
            public_key=check_public_key(ask.public_key, "Google Cloud"),
            ssh_user=ask.ssh_user or "im",
            owner=ask.owner,
            firewall=gathered(ask.ssh_from, ask.open_ports),
            disks=tuple(_disk(one, root=at == 0) for at, one in enumerate(ask.disks)),
            spot=ask.spot,
            public_ip={"yes": True, "no": False}.get(str(ask.options.get("public-ip"))),
            user_data=_user_data(ask.user_data, image),
            hibernate=ask.hibernate and _check_hibernation(ask, kind),
            provider_options=_options(ask, kind, region if zone == ANY else ""),
        )
        return Scope(self.name, account, region), spec

    def check_together(self, specs: Sequence[Spec]) -> None:
        """What is installed on one has to run on whichever it becomes: t2a, c4a and n4a are Arm, all others are x86."""
        first = specs[0].instance_type
        for other in (one.instance_type for one in specs):
            if images.is_arm(other) is not images.is_arm(first):
                raise Refused(
                    f"{first} and {other} are of different architectures: what runs on one does not run on the other",
                    "name types of one architecture",
                )

    def check_access(self, scope: Scope, account: Account, settings: Settings, *, guarded: bool) -> None:
        """Whose project it is, the workers find out."""

    def locate(self, machine_ids: Sequence[str], *, account: str, region: str) -> Scope:
        for one in machine_ids:
            if not one.isdigit():
                hint = "it is a number; gcloud compute instances describe NAME --format='value(id)'  tells it"
                raise Refused(f"'{one[:40]}' is not the id of a machine at Google Cloud", hint)
        return Scope(self.name, account, check_region(region))


PROFILE = GcpProfile()


def _where(ask: Ask, usual: str) -> tuple[str, str]:
    """(region, zone)."""
    said = said_by(usual)
    if ask.zone and ask.zone != ANY:
        return check_zone(ask.zone, usual), ask.zone
    region = check_region(usual, said)
    return region, ask.zone or zone_of(usual) or first_zone(region)


def _refuse_what_is_not_there(ask: Ask) -> None:
    if ask.spot is not None and ask.spot.max_price is not None:
        raise Refused("Google's spot machines have one price, and no maximum of yours", "leave --max-price out")


def _check_hibernation(ask: Ask, kind: str) -> bool:
    """What else cannot be suspended Google says when it is to be: then it is stopped."""
    if ask.options.get("gpu") or types.brings_gpus(kind):
        raise Refused(
            "Google does not suspend machines with a GPU", "leave --hibernate out; a stopped one keeps its disks"
        )
    return True


def _options(ask: Ask, kind: str, region: str) -> Mapping[str, Any]:
    told = {"network": ask.network or "", "subnet": ask.subnet or "", "region": region}
    gpu = str(ask.options.get("gpu") or "")
    return {k: v for k, v in told.items() if v} | ({"gpu": types.check_gpu(gpu, kind)} if gpu else {})


def _disk(disk: Disk, *, root: bool) -> Disk:
    if not disk.encrypted:
        raise Refused("every disk at Google Cloud is encrypted", "leave encrypted=no out")
    if disk.size_gb is not None and disk.size_gb < LEAST_GB:
        raise Refused(f"a disk at Google Cloud has at least {LEAST_GB} GB", f"write size={LEAST_GB}")
    if disk.kind is not None and disk.kind not in KINDS:
        raise Refused(f"'{disk.kind[:30]}' is no type of disk at Google Cloud", f"choose {', '.join(KINDS)}")
    if not root and disk.size_gb is None and disk.snapshot is None:
        raise Refused("a further disk needs a size", "write --volume 100 or --volume size=100,type=pd-ssd")
    return disk


def _user_data(content: bytes | None, image: str) -> bytes | None:
    if content is not None and len(content) > MOST_USER_DATA * 3 // 4:
        raise Refused(
            f"Google Cloud takes at most 192 KiB of user data, and this has {len(content)} bytes", "make it smaller"
        )
    return content
