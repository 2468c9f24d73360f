"""What Lambda can do, and how often it may be asked."""

from __future__ import annotations

from datetime import timedelta

from im.domain.rate_limit import Rate
from im.providers.capabilities import Capabilities
from im.providers.lambda_cloud import gpus
from im.providers.lambda_cloud.billing import RULES
from im.providers.lambda_cloud.flags import FILE_SYSTEM

CAPABILITIES = Capabilities(
    can_stop=False,
    gpus=gpus.TYPES,
    tells_room=True,
    why_no_stop=(
        "Lambda cannot stop a machine: its deadline terminates it, and its disk is lost. What is to be kept belongs on a "
        f"filesystem of yours (--{FILE_SYSTEM} NAME, under /lambda/nfs/NAME)"
    ),
    idempotent_launch=False,
    launch_visible_within=timedelta(seconds=120),
    launch_makes=1,
    why_no_guard="has nothing that ends a machine at a moment, and a machine that could would hold its whole team's key",
    can_firewall=True,
    billing=RULES,
    # one call a second for all verbs and everybody together, and a launch each twelve seconds. A launch makes three calls, an
    # end two: the refills come to 0.8 a second with the look of every ten seconds, and leave the rest to the team's people
    rates={
        "launch": Rate(0.08, 1),
        "terminate": Rate(0.2, 2),
        "describe": Rate(0.06, 2),
    },
    # how many one call may name, nobody says
    machine_rates={"terminate": Rate(5, 50)},
)
