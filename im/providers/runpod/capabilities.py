"""What RunPod can do, and how often it may be asked."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from im.domain.rate_limit import Rate
from im.providers.capabilities import Capabilities
from im.providers.runpod import gpus
from im.providers.runpod.billing import RULES
from im.providers.runpod.flags import MOUNTED_AT, NETWORK_VOLUME

if TYPE_CHECKING:
    from im.domain.spec.spec import Spec

_NO_VOLUME = (
    f"a stop empties the disk of a pod but for a volume at {MOUNTED_AT}, and this one has none: its deadline terminates it, and "
    f"what is on it is lost"
)
_ON_NETWORK = (
    f"a stop keeps nothing of this pod that a termination does not: its deadline terminates it, and the network volume at "
    f"{MOUNTED_AT} stays, and costs"
)


def _nothing_kept(spec: Spec) -> str:
    if spec.disks[1:]:
        return ""
    return _ON_NETWORK if NETWORK_VOLUME in spec.provider_options else _NO_VOLUME


CAPABILITIES = Capabilities(
    can_stop=True,
    nothing_kept=_nothing_kept,
    told_of_stop=(
        f"A stop empties this pod's disk except {MOUNTED_AT}, and gives its GPUs to others: a later start may have to wait "
        f"for them. {MOUNTED_AT} costs twice as much while it is stopped"
    ),
    why_no_adoption="a pod can be marked at its launch alone, so im takes in at RunPod only what it has launched",
    gpus=gpus.TYPES,
    tells_room=True,
    idempotent_launch=False,
    launch_visible_within=timedelta(seconds=180),
    launch_makes=1,
    why_no_guard="has nothing that ends a pod at a moment",
    billing=RULES,
    # 60 calls a minute and 3,000 an hour were RunPod's own example: a look each ten seconds takes 6 and 360 of them. The
    # refills come to 33 a minute, and leave a third to the account's people
    rates={
        "launch": Rate(0.1, 3),
        "start": Rate(0.1, 5),
        "stop": Rate(0.15, 10),
        "terminate": Rate(0.15, 10),
        "describe": Rate(0.05, 5),
    },
    machine_rates={"start": Rate(0.1, 5), "stop": Rate(0.15, 10), "terminate": Rate(0.15, 10)},
)
