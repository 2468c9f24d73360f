"""What is known of RunPod without asking it: defaults, and the mistakes that can be caught before anything is written.

A key sees every data center, so there is one region of ours, and RunPod's data center is the zone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from im.domain.config.account import Account
from im.domain.errors import Refused
from im.domain.scope import Scope
from im.domain.spec.disk import Disk
from im.domain.spec.spec import SAID, Spec
from im.providers.kit.ssh_key import check_public_key
from im.providers.request import Ask
from im.providers.runpod import gpus
from im.providers.runpod.account import REGION
from im.providers.runpod.billing import CONTAINER_GB, DISK
from im.providers.runpod.capabilities import CAPABILITIES
from im.providers.runpod.flags import MOUNTED_AT, NETWORK_VOLUME, WORKSPACE

if TYPE_CHECKING:
    from im.settings import Settings

DEFAULT_TYPE, DEFAULT_ZONE = "rtx4090-x1", "any"
DEFAULT_IMAGE = "runpod/pytorch:1.0.2-cu1281-torch280-ubuntu2404"
"""RunPod's own starts an SSH server with the key that it finds in PUBLIC_KEY."""
WORKSPACE_GB, LEAST_WORKSPACE = 20, 10
_ZONE = re.compile(r"[A-Z]{2,4}-[A-Z]{2,4}-\d{1,2}", re.ASCII)
_IMAGE = re.compile(r"[a-z0-9][a-z0-9._/:@-]{0,254}", re.ASCII)
_ID = re.compile(r"[a-z0-9]{4,40}", re.ASCII)


class RunPodProfile:
    """RunPod, offline."""

    name = "runpod"
    capabilities = CAPABILITIES

    def plan(self, ask: Ask, *, account: str, default_region: str | None) -> tuple[Scope, Spec]:
        """Defaults: rtx4090-x1 wherever there is one, RunPod's own image, 20 GB of its own and 20 GB at /workspace.

        Raises Refused with the nearest right form.
        """
        ask.refuse_options(self.name, WORKSPACE, NETWORK_VOLUME)
        _refuse_what_is_not_there(ask)
        kind = check_type(ask.instance_type or DEFAULT_TYPE)
        volume = str(ask.options.get(NETWORK_VOLUME) or "")
        spec = Spec(
            instance_type=kind,
            zone=check_zone(ask.zone or DEFAULT_ZONE),
            image=check_image(ask.image or DEFAULT_IMAGE),
            public_key=check_public_key(ask.public_key, "RunPod"),
            ssh_user=ask.ssh_user or "root",
            owner=ask.owner,
            disks=(_container(ask.root_disk), *_workspace(ask, kind)),
            provider_options=_options(ask, volume),
        )
        return Scope(self.name, account, REGION), spec

    def check_together(self, specs: Sequence[Spec]) -> None:
        """GPUs of one maker: what is built for NVIDIA's does not run on AMD's, nor without any."""
        kinds = {_maker(one.instance_type): one.instance_type for one in specs}
        if len(kinds) > 1:
            one, other, *_ = kinds.values()
            raise Refused(f"what runs on {one} does not run on {other}", "name types of one kind")

    def check_access(self, scope: Scope, account: Account, settings: Settings, *, guarded: bool) -> None:
        """A key has what rights it has: there are no roles to take, and there is no guard."""

    def locate(self, machine_ids: Sequence[str], *, account: str, region: str) -> Scope:
        for one in machine_ids:
            if not _ID.fullmatch(one):
                raise Refused(f"'{one[:40]}' is not the id of a pod", "it is small letters and digits, like 7h9k2m4n6p")
        return Scope(self.name, account, REGION)


PROFILE = RunPodProfile()


def _refuse_what_is_not_there(ask: Ask) -> None:
    if ask.spot is not None:
        raise Refused("RunPod's API lends no spot pods", "leave --spot out")
    if ask.hibernate:
        raise Refused(f"a pod does not hibernate: a stop keeps {MOUNTED_AT} alone", "leave --hibernate out")
    if ask.ssh_from is not None or ask.open_ports:
        raise Refused(
            "RunPod keeps nobody out of a pod: its SSH answers everybody, at a port of RunPod's choice",
            "leave --ssh-from and --open out; whoever has the key gets in, and ssh -L reaches every other port",
        )
    if ask.user_data is not None:
        raise Refused("RunPod starts containers, which run no user data", "make an image that does it: --image")
    if ask.network or ask.subnet:
        raise Refused("RunPod has no networks of your own", "leave --vpc and --subnet out")


def _options(ask: Ask, volume: str) -> dict[str, Any]:
    said = {flag: str(value) for flag in (WORKSPACE, NETWORK_VOLUME) if (value := ask.options.get(flag))}
    return {**({NETWORK_VOLUME: _check_id(volume)} if volume else {}), **({SAID: said} if said else {})}


def _container(asked: Disk | None) -> Disk:
    """What a stop empties."""
    disk = asked or Disk()
    _check_plain(disk, "--disk")
    return Disk(disk.size_gb or CONTAINER_GB)


def _workspace(ask: Ask, kind: str) -> tuple[Disk, ...]:
    """The volume that a stop keeps, or none."""
    said = str(ask.options.get(WORKSPACE) or "")
    if said not in ("", "yes", "no"):
        raise Refused(f"'{said[:20]}' is neither yes nor no", f"write --{WORKSPACE} no for a pod without a volume")
    without = said == "no" or bool(ask.options.get(NETWORK_VOLUME)) or isinstance(gpus.parse(kind), gpus.Cpu)
    if without and (ask.volumes or said == "yes"):
        raise Refused(
            "a pod with a network volume, or without a GPU, has no volume of its own, nor has one with --workspace no",
            f"leave --volume and --{WORKSPACE} out",
        )
    if without:
        return ()
    if len(ask.volumes) > 1:
        raise Refused(f"a pod has one volume, at {MOUNTED_AT}", "give --volume once")
    disk = ask.volumes[0] if ask.volumes else Disk()
    _check_plain(disk, "--volume")
    if (disk.size_gb or WORKSPACE_GB) < LEAST_WORKSPACE:
        raise Refused(f"a volume of RunPod's has {LEAST_WORKSPACE} GB at least", f"--volume {LEAST_WORKSPACE}")
    return (Disk(disk.size_gb or WORKSPACE_GB, kind=DISK),)


def _check_plain(disk: Disk, flag: str) -> None:
    if disk.keep:
        raise Refused("nothing of a pod outlives it", f"--{NETWORK_VOLUME} ID  mounts a volume of yours that does")
    if disk != Disk(disk.size_gb):
        raise Refused("a disk of RunPod's has a size and nothing else", f"write {flag} 50")


def _maker(kind: str) -> str:
    wished = gpus.parse(kind)
    if isinstance(wished, gpus.Gpu):
        return gpus.id_of(wished.word, ()).partition(" ")[0] or "NVIDIA"
    return "none"


def check_type(name: str) -> str:
    """`name` itself. Raises Refused when it cannot be a type; whether it is sold is for RunPod to say."""
    small = name.strip().lower().replace("_", "-")
    if gpus.parse(name) is not None:
        return name
    if gpus.parse(small) is not None or small in gpus.IDS:
        meant = small if gpus.parse(small) is not None else f"{small}-x1"
        raise Refused(f"'{name[:40]}' is not a type of RunPod's", f"did you mean {meant}?")
    raise Refused(f"'{name[:40]}' is not a type of RunPod's", f"types look like {DEFAULT_TYPE}, h100-sxm-x8 or cpu3c-4")


def check_zone(name: str) -> str:
    """A data center, or `any`; one that is new to us is for RunPod to judge. Raises Refused."""
    if name == "any" or _ZONE.fullmatch(name):
        return name
    if _ZONE.fullmatch(name.strip().upper()):
        raise Refused(f"'{name[:40]}' is not a data center of RunPod's", f"did you mean {name.strip().upper()}?")
    raise Refused(f"'{name[:40]}' is not a data center of RunPod's", "they look like US-KS-2 or EU-RO-1; or say any")


def check_image(name: str) -> str:
    """A reference of a registry's. One that starts no SSH server with the key in PUBLIC_KEY cannot be entered."""
    if not _IMAGE.fullmatch(name):
        raise Refused(f"'{name[:40]}' is not an image of a container", f"for example {DEFAULT_IMAGE}")
    return name


def _check_id(volume: str) -> str:
    if not _ID.fullmatch(volume):
        raise Refused(
            f"'{volume[:40]}' is not the id of a network volume", "RunPod's console shows it, like agv6w2qcg7"
        )
    return volume
