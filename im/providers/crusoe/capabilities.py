"""What Crusoe can do, and how often it is asked."""

from __future__ import annotations

from datetime import timedelta

from im.domain.rate_limit import Rate
from im.providers.capabilities import Capabilities
from im.providers.crusoe import gpus
from im.providers.crusoe.billing import RULES

CAPABILITIES = Capabilities(
    can_stop=True,
    gpus=gpus.TYPES,
    tells_room=True,
    marks_fixed=True,
    why_no_adoption=(
        "a name is all that a machine at Crusoe carries, and none can be changed, so im takes in there only what it has launched"
    ),
    idempotent_launch=False,
    launch_visible_within=timedelta(minutes=5),
    launch_makes=1,
    told_of_stop=(
        "a stop at Crusoe loses what lies on the local NVMe of a type that has some, and gives the machine's place away: "
        "a later start may find no room, and then it stays stopped, with its disk"
    ),
    why_no_guard="has nothing that ends a machine at a moment",
    billing=RULES,
    # Crusoe publishes no limit; its own tools keep to one a second. What names machines is a call for each
    rates={
        "launch": Rate(0.5, 5),
        "start": Rate(0.2, 2),
        "stop": Rate(0.2, 2),
        "terminate": Rate(0.2, 2),
        "describe": Rate(0.2, 3),
    },
    machine_rates={"start": Rate(1, 20), "stop": Rate(1, 50), "terminate": Rate(1, 50)},
)
