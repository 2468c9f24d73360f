"""What Azure can do, and how often it may be asked."""

from __future__ import annotations

from datetime import timedelta

from im.domain.rate_limit import Rate
from im.providers.azure import gpus
from im.providers.azure.billing import RULES
from im.providers.capabilities import Capabilities

CAPABILITIES = Capabilities(
    can_stop=True,
    gpus=gpus.TYPES,
    idempotent_launch=True,  # by the machine's name, which holds the instance's id and the launch's mark
    launch_visible_within=timedelta(minutes=10),  # lists come from a cache
    can_spot=True,
    labels_late=True,  # disks
    native_deadline=True,  # ComputeSchedule; its daily auto-shutdown knows no date
    guard_ahead=timedelta(days=14),  # Azure/azure-cli-extensions, computeschedule: "up to 14 days ahead"
    guard_terminates=False,
    can_firewall=True,
    can_hibernate=True,
    can_protect=True,
    billing=RULES,
    # Azure's own, of one subscription: 200 writes at once and 10 more a second, 200 deletes and 10, 250 reads and 25; of
    # one location a minute: 1,500 changes and 500 more, as many ends. A launch makes one write and a few reads.
    rates={
        "launch": Rate(3, 50),
        "start": Rate(0.5, 20),
        "stop": Rate(0.5, 20),
        "terminate": Rate(0.5, 20),
        "describe": Rate(2, 40),
        "label": Rate(0.1, 4),
        "guard": Rate(0.05, 2),  # a batch of 50 that move is 200 writes
    },
    machine_rates={"start": Rate(2, 80), "stop": Rate(3, 100), "terminate": Rate(4, 150)},
)
