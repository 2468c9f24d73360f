"""What DigitalOcean can do, and how often it may be asked."""

from __future__ import annotations

from datetime import timedelta

from im.domain.rate_limit import Rate
from im.providers.capabilities import Capabilities
from im.providers.digitalocean import gpus
from im.providers.digitalocean.billing import RULES

AT_ONCE = 10
"""Droplets of one call, the most that DigitalOcean makes."""
CAPABILITIES = Capabilities(
    can_stop=True,
    gpus=gpus.TYPES,
    idempotent_launch=False,
    # longer than tags are known to take: what no complete look shows by then is asked for again
    launch_visible_within=timedelta(seconds=120),
    launch_makes=AT_ONCE,
    why_no_guard="has nothing that ends a droplet at a moment, and stopping it would save nothing",
    can_firewall=True,
    can_shelve=True,
    billing=RULES,
    # 250 calls a minute and 5,000 an hour, for all verbs of a token together: bursts and refills of a minute come to 224
    # (a launch makes three calls, a description up to 6, what is done about a snapshot about 6 with the look before it), those
    # of an hour to 3,400. The rest is for looking (three calls for 200 droplets every ten seconds), for the mark (four every
    # half minute), and little is left for others with that token
    rates={
        "launch": Rate(0.08, 9),
        "start": Rate(0.05, 8),
        "stop": Rate(0.15, 60),
        "terminate": Rate(0.15, 40),
        "describe": Rate(0.02, 2),
        "shelve": Rate(0.03, 2),
    },
    machine_rates={"start": Rate(0.05, 8), "stop": Rate(0.15, 60), "terminate": Rate(0.15, 40)},
)
