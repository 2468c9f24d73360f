"""What EC2 can do, and how often it may be asked."""

from __future__ import annotations

from datetime import timedelta

from im.domain.rate_limit import Rate
from im.providers.aws import gpus
from im.providers.capabilities import Capabilities

CAPABILITIES = Capabilities(
    can_stop=True,
    gpus=gpus.TYPES,
    idempotent_launch=True,
    launch_visible_within=timedelta(minutes=5),
    can_spot=True,
    native_deadline=True,
    can_firewall=True,
    can_hibernate=True,
    can_protect=True,
    # below EC2's documented refill (run, start 2/s; stop, terminate 5/s; describe 20/s when paginated) and bursts
    rates={
        "launch": Rate(1.5, 4),
        "start": Rate(1.5, 4),
        "stop": Rate(4, 40),
        "terminate": Rate(4, 80),
        "describe": Rate(10, 50),
        # batches of 50 machines, one CreateTags each: EC2 takes 10 a second, after 100
        "label": Rate(0.16, 2),
        # batches of 50 schedules; EventBridge Scheduler takes 250 a second in its small regions
        "guard": Rate(1, 4),
    },
    # "resource tokens" at EC2: 1000, refilled with 20/s (start: 2/s); a call that names more than are left is refused whole
    machine_rates={"start": Rate(1.9, 950), "stop": Rate(19.5, 950), "terminate": Rate(19.5, 950)},
)
