"""An instance as Lambda shows it, as a sighting. Its answers hold a secret (`jupyter_token`): nothing of one is kept whole."""

from __future__ import annotations

from typing import Any

from im.domain.sighting import Sighting
from im.domain.state import Observed
from im.providers.errors import Unavailable
from im.providers.lambda_cloud import tags
from im.providers.lambda_cloud.api import CLOUD

_STATES = {
    "booting": Observed.PENDING,
    "active": Observed.RUNNING,
    "unhealthy": Observed.RUNNING,  # it is billed, whether anybody can log in or not
    "terminating": Observed.TERMINATING,
    "terminated": Observed.TERMINATED,
    "preempted": Observed.TERMINATED,
}


def sighting(instance: dict[str, Any], deployment: str) -> Sighting:
    """Raises Unavailable for one that cannot be read: what we do not understand proves nothing.

    Lambda dates nothing: when it began to run is for whoever first sees it running.
    """
    try:
        status, kind = instance["status"], instance["instance_type"]["name"]
        return Sighting(
            provider_id=instance["id"],
            state=_STATES[status],
            zone=instance["region"]["name"],
            public_ip=instance.get("ip") or None,
            private_ip=instance.get("private_ip") or None,
            reason="" if status != "unhealthy" else "Lambda calls it unhealthy; it is billed all the same",
            tags=tags.read(str(instance.get("name") or ""), instance.get("tags") or (), deployment),
            instance_type=kind,
            disk_gb=0,
            disk_type="included",
        )
    except (KeyError, TypeError, AttributeError) as exc:
        raise Unavailable(f"{CLOUD} shows an instance that cannot be read: {exc} is missing or new to us") from exc
