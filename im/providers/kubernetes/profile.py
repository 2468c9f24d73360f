"""What is known of Kubernetes without asking a cluster: defaults, and the mistakes that can be caught before anything is written.

An account is a cluster, as somebody; its region is a namespace; the zone is where the scheduler puts it, unless one is named.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from im.domain.config.account import Account
from im.domain.errors import Refused
from im.domain.scope import Scope
from im.domain.spec.disk import Disk
from im.domain.spec.placement import ANY
from im.domain.spec.spec import Spec
from im.providers.kit.ssh_key import check_public_key
from im.providers.kubernetes import options
from im.providers.kubernetes.account import DEFAULT_NAMESPACE
from im.providers.kubernetes.capabilities import CAPABILITIES
from im.providers.kubernetes.entry.sshd import USER
from im.providers.kubernetes.shapes import DEFAULT, Shape, shape_of, with_gpu
from im.providers.request import Ask

if TYPE_CHECKING:
    from im.settings import Settings

ANYWHERE = "cluster"
"""The zone of a machine that may be anywhere in its cluster."""
DEFAULT_IMAGE = "jenkins/ssh-agent:debian-jdk21"
"""Debian with an sshd and git, for several architectures; whoever wants another names it."""
MOST_USER_DATA = 512 * 1024
"""Bytes; a secret has at most 1 MiB, and is sent as base64."""
_NAMESPACE = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", re.ASCII)
_LABEL = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?", re.ASCII)
_CLAIM = re.compile(r"[a-z0-9]([-a-z0-9.]{0,61}[a-z0-9])?", re.ASCII)
_IMAGE = re.compile(
    r"([a-zA-Z0-9][a-zA-Z0-9.-]*(:\d+)?/)?[a-z0-9]+(?:[._/-]+[a-z0-9]+)*(:[\w][\w.-]{0,127})?(@sha256:[0-9a-f]{64})?",
    re.ASCII,
)


class KubernetesProfile:
    """Kubernetes, offline."""

    name = "kubernetes"
    capabilities = CAPABILITIES

    def plan(self, ask: Ask, *, account: str, default_region: str | None) -> tuple[Scope, Spec]:
        """Defaults: 2 vCPUs and 4 GiB with a disk of 20 GiB, in the account's namespace. Raises Refused."""
        ask.refuse_options("Kubernetes", "gpu", *options.NAMES)
        _refuse_what_is_not_there(ask)
        spec = Spec(
            instance_type=str(_shape(ask)),
            zone=check_zone(ask.zone),
            image=check_image(ask.image),
            public_key=check_public_key(ask.public_key, "Kubernetes"),
            ssh_user=ask.ssh_user or USER,
            owner=ask.owner,
            disks=(check_disk(ask.root_disk or Disk()),),
            spot=ask.spot,
            user_data=ask.user_data,
            provider_options=options.checked(ask.options),
        )
        return Scope(self.name, account, check_namespace(default_region or DEFAULT_NAMESPACE)), spec

    def check_together(self, specs: Sequence[Spec]) -> None:
        """What needs a GPU does not run without one, and the other way round it is a waste."""
        first = shape_of(specs[0].instance_type)
        for other in (shape_of(one.instance_type) for one in specs):
            if bool(other.gpu) is not bool(first.gpu):
                raise Refused(
                    f"of {first} and {other} only one has a GPU", "name sizes with GPUs alone, or none of them"
                )

    def check_access(self, scope: Scope, account: Account, settings: Settings, *, guarded: bool) -> None:
        """Which rights there are, the workers find out."""

    def locate(self, machine_ids: Sequence[str], *, account: str, region: str) -> Scope:
        for one in machine_ids:
            if not _CLAIM.fullmatch(one):
                hint = "kubectl get pvc  shows them: a machine is a claim, with the one pod that mounts it"
                raise Refused(f"'{one[:40]}' is not the name of a claim", hint)
        return Scope(self.name, account, check_namespace(region or DEFAULT_NAMESPACE))


PROFILE = KubernetesProfile()


def _shape(ask: Ask) -> Shape:
    gpu = str(ask.options.get("gpu") or "")
    if not gpu:
        return shape_of(ask.instance_type or DEFAULT)
    return with_gpu(shape_of(ask.instance_type) if ask.instance_type else None, gpu)


def _refuse_what_is_not_there(ask: Ask) -> None:
    if ask.ssh_from or ask.open_ports:
        raise Refused(
            "a pod has no address of its own that networks could be let in to",
            "leave --ssh-from and --open out; one gets in through the cluster's API",
        )
    if ask.spot is not None and ask.spot.max_price is not None:
        raise Refused("nodes of a cluster have no price that could be limited", "leave --max-price out")
    if ask.hibernate:
        raise Refused("a pod does not hibernate", "leave --hibernate out; a stop keeps the disk")
    if ask.volumes:
        raise Refused("im gives a pod one disk", "make it larger, as in --disk 200")
    if ask.network or ask.subnet:
        raise Refused("a pod is in its cluster's network", "leave --vpc and --subnet out")
    if ask.user_data is not None and len(ask.user_data) > MOST_USER_DATA:
        raise Refused(
            f"Kubernetes takes at most 512 KiB of user data, and this has {len(ask.user_data)} bytes", "make it smaller"
        )


def check_namespace(name: str) -> str:
    if _NAMESPACE.fullmatch(name):
        return name
    near = re.sub(r"[^a-z0-9-]", "-", name.lower()).strip("-")[:63]
    raise Refused(
        f"'{name[:40]}' is not the name of a namespace", f"did you mean {near}?" if near else "kubectl get namespace"
    )


def check_zone(name: str | None) -> str:
    """A zone as nodes are labelled with it; whether there is one, the scheduler says. Raises Refused."""
    if name in (None, ANY):
        return ANYWHERE
    if not _LABEL.fullmatch(str(name)):
        hint = "kubectl get nodes -L topology.kubernetes.io/zone  shows them"
        raise Refused(f"'{str(name)[:40]}' is no zone of a cluster", hint)
    return str(name)


def check_image(name: str | None) -> str:
    """An image as registries name it."""
    meant = name or DEFAULT_IMAGE
    if len(meant) > 500 or not _IMAGE.fullmatch(meant):
        near = difflib.get_close_matches(meant.lower(), ("ubuntu:24.04", "debian:13", "python:3.13"), n=1)
        hint = f"did you mean {near[0]}?" if near else "write it as a registry has it, like ubuntu:24.04"
        raise Refused(f"'{meant[:60]}' is no image of a container", hint)
    return meant


def check_disk(disk: Disk) -> Disk:
    """A claim of that size, of the storage class that `type` names. Raises Refused."""
    if not disk.encrypted:
        raise Refused(
            "whether a disk is encrypted, its storage class decides", "leave encrypted=no out, or name a class"
        )
    if disk.iops or disk.throughput:
        raise Refused("how fast a disk is, its storage class decides", "name one, as in --disk size=100,type=fast")
    if disk.snapshot:
        raise Refused("im makes no disk of a snapshot in a cluster yet", "leave snapshot out")
    if disk.keep:
        raise Refused("a terminated machine's disk goes with it", "leave keep out; a stop keeps the disk")
    if disk.kind is not None and not _CLAIM.fullmatch(disk.kind):
        raise Refused(f"'{disk.kind[:30]}' is no storage class", "kubectl get storageclass  shows them")
    return disk
