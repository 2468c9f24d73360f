"""What Nebius can do, and how often it may be asked."""

from __future__ import annotations

from datetime import timedelta

from im.domain.rate_limit import Rate
from im.providers.capabilities import Capabilities
from im.providers.nebius import gpus
from im.providers.nebius.billing import RULES

CAPABILITIES = Capabilities(
    can_stop=True,
    gpus=gpus.TYPES,
    idempotent_launch=True,  # by x-idempotency-key, and by a name that holds the instance's id
    launch_visible_within=timedelta(minutes=2),
    why_no_guard=(
        "has nothing that ends a machine at a moment, and charges on for one that its own guest has shut down"
    ),
    can_firewall=True,
    billing=RULES,
    # no limit is published; a machine is a call, and a look one for 500 of a project
    rates={
        "launch": Rate(0.5, 5),
        "start": Rate(0.5, 10),
        "stop": Rate(0.5, 20),
        "terminate": Rate(0.5, 20),
        "describe": Rate(0.5, 10),
        "label": Rate(0.2, 4),
    },
    machine_rates={"start": Rate(2, 50), "stop": Rate(2, 100), "terminate": Rate(2, 100)},
)
