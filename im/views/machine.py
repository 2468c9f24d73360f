"""What kind of machine it is, or is to be: the parts of a spec beyond type, zone and image."""

from __future__ import annotations

from typing import Any

from im.domain.spec.disk import Disk
from im.domain.spec.spec import Spec
from im.domain.spec.spot import ONCE, PERSISTENT


def machine_json(spec: Spec) -> dict[str, Any]:
    """Rules as `22/tcp@203.0.113.7/32`, null when the network was left as it is; the root disk first."""
    rules = spec.firewall
    return {
        "firewall": None if rules is None else [str(rule) for rule in rules],
        "spot": spot_json(spec),
        "iam_role": spec.provider_options.get("iam_role"),
        "hibernate": spec.hibernate,
        "user_data_bytes": user_data_bytes(spec),
        "disks": disks_json(spec),
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
    return {"size_gb": disk.size_gb, "type": disk.kind, "encrypted": disk.encrypted, "keep": disk.keep}
