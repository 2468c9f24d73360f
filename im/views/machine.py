"""What kind of machine it is, or is to be: the parts of a spec beyond type, zone and image; and read again."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from im.domain.spec.disk import Disk
from im.domain.spec.firewall import Rule
from im.domain.spec.spec import PLAIN_DISKS, Aside, Candidate, Spec
from im.domain.spec.spot import ONCE, PERSISTENT, Spot

OPTIONS = ("iam_role", "subnet", "vpc", "type_because")
"""What a provider keeps for itself and people are shown."""


def machine_json(spec: Spec) -> dict[str, Any]:
    """Rules as `22/tcp@203.0.113.7/32`, null when the network was left as it is; the root disk first.

    `candidates` are all places that are tried, as pairs of type and zone; none where there is one. `type_because`: why it is of
    that type, where nobody named one.
    """
    rules = spec.firewall
    return {
        "firewall": None if rules is None else [str(rule) for rule in rules],
        "spot": spot_json(spec),
        **{name: spec.provider_options.get(name) or None for name in OPTIONS},
        "hibernate": spec.hibernate,
        "user_data_bytes": user_data_bytes(spec),
        "disks": disks_json(spec),
        "public_ip_wished": spec.public_ip,
        "candidates": [[one.instance_type, one.zone] for one in spec.candidates],
    }


def spot_json(spec: Spec) -> dict[str, Any] | None:
    """Null for a machine on demand."""
    spare = spec.spot
    if spare is None:
        return None
    most = spare.max_price
    return {"type": ONCE if spare.once else PERSISTENT, "max_price_usd": f"{most:f}" if most is not None else None}


def disks_json(spec: Spec) -> list[dict[str, Any]]:
    return [_disk(disk) for disk in spec.disks]


def user_data_bytes(spec: Spec) -> int | None:
    """Its length alone: what it says is never shown."""
    if spec.user_data is not None:
        return len(spec.user_data)
    return None if spec.user_data_aside is None else spec.user_data_aside.size


def _disk(disk: Disk) -> dict[str, Any]:
    return {
        "size_gb": disk.size_gb,
        "type": disk.kind,
        "encrypted": disk.encrypted,
        "keep": disk.keep,
        "iops": disk.iops,
        "throughput": disk.throughput,
        "snapshot": disk.snapshot,
    }


# ---- read again ------------------------------------------------------------------------------------------------------


def read_spec(told: Mapping[str, Any]) -> Spec:
    """Of an instance's document or a plan's; what nobody is shown (the key, what the machine runs at first) is not in it."""
    rules, spare, size = told["firewall"], told["spot"], told["user_data_bytes"]
    return Spec(
        instance_type=told["instance_type"],
        zone=told["zone"] or "",
        image=told["image"],
        public_key="",
        ssh_user=told["ssh_user"],
        owner=told.get("owner", ""),
        tags=told["tags"],
        firewall=None if rules is None else tuple(Rule.read(rule) for rule in rules),
        disks=tuple(read_disk(disk) for disk in told["disks"]) or PLAIN_DISKS,
        spot=None if spare is None else _spot(spare),
        hibernate=told["hibernate"],
        public_ip=told.get("public_ip_wished"),
        candidates=tuple(Candidate(*pair) for pair in told.get("candidates", ())),
        user_data_aside=None if size is None else Aside("", size),
        provider_options={name: told[name] for name in OPTIONS if told.get(name)},
    )


def read_disk(told: Mapping[str, Any]) -> Disk:
    return Disk(
        told["size_gb"],
        told["type"],
        told.get("iops"),
        told.get("throughput"),
        told["encrypted"],
        told["keep"],
        told.get("snapshot"),
    )


def _spot(told: Mapping[str, Any]) -> Spot:
    most = told["max_price_usd"]
    return Spot(told["type"] == ONCE, None if most is None else Decimal(most))
