"""What Vast can do, and how often it may be asked."""

from __future__ import annotations

from datetime import timedelta

from im.domain.rate_limit import Rate
from im.providers.capabilities import Capabilities
from im.providers.vast import gpus
from im.providers.vast.billing import RULES

CAPABILITIES = Capabilities(
    can_stop=True,
    told_of_stop=(
        "a stop keeps the disk, which goes on costing, and frees the GPU, which its host may let to somebody else: then it "
        "does not start again (no capacity), until its host has room. The host may end the contract on a day of its own, "
        "which im status shows, and the disk goes with it"
    ),
    market=True,
    gpus=gpus.TYPES,
    tells_room=True,
    idempotent_launch=False,
    launch_visible_within=timedelta(seconds=60),
    launch_makes=1,
    why_no_guard="has no deadline of its own: the day on which a contract ends is its host's",
    billing=RULES,
    # its calls have to be so far apart, each kind by itself: a launch 4.5 s, an end 3 s, a change and a page of the list 1 s.
    # Before each a page is read, and the look of every ten seconds reads one for each 25 instances
    rates={
        "launch": Rate(0.15, 1),
        "terminate": Rate(0.25, 1),
        "start": Rate(0.3, 1),
        "stop": Rate(0.3, 1),
        "describe": Rate(0.3, 1),
    },
    machine_rates={"terminate": Rate(0.25, 1), "start": Rate(0.5, 4), "stop": Rate(0.5, 4)},
)
