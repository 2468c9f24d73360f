"""What Hetzner can do, and how often it may be asked."""

from __future__ import annotations

from datetime import timedelta

from im.domain.rate_limit import Rate
from im.providers.capabilities import Capabilities
from im.providers.hetzner.billing import RULES

CAPABILITIES = Capabilities(
    can_stop=True,
    idempotent_launch=True,  # by the server's name, which holds the instance's id
    launch_visible_within=timedelta(seconds=60),
    why_no_guard="has nothing that ends a server at a moment, and stopping it would save nothing",
    can_firewall=True,
    can_protect=True,
    can_shelve=True,
    shelf_keeps_address=True,
    billing=RULES,
    # 3,600 calls at once and one more each second, for all verbs of a project together (a launch makes up to three,
    # what is done about a snapshot up to five, and four on the whole way there and back, with the one more that the
    # launch of it makes; a label none, a look one for 50 servers): bursts and refills stay below that in their sums,
    # with a tenth of it left for looking
    rates={
        "launch": Rate(0.1, 150),
        "start": Rate(0.15, 500),
        "stop": Rate(0.14, 900),
        "terminate": Rate(0.14, 900),
        "describe": Rate(0.08, 200),
        "shelve": Rate(0.022, 60),
    },
    machine_rates={"start": Rate(0.15, 500), "stop": Rate(0.14, 900), "terminate": Rate(0.14, 900)},
)
