"""What Google Compute Engine can do, and how often it may be asked."""

from __future__ import annotations

from datetime import timedelta

from im.domain.rate_limit import Rate
from im.providers.capabilities import Capabilities
from im.providers.gcp.launch import gpus

CAPABILITIES = Capabilities(
    can_stop=True,
    gpus=gpus.TYPES,
    gpus_beside=gpus.BESIDE,
    idempotent_launch=True,  # by requestId, and by a name that holds the instance and the launch
    launch_visible_within=timedelta(minutes=2),
    can_spot=True,
    # Cloud Tasks; Google's own maxRunDuration can be moved only while a machine is stopped, so no extend could move it
    native_deadline=True,
    guard_ahead=timedelta(days=30),  # the farthest scheduleTime of a task (cloud.google.com/tasks/docs/quotas)
    can_firewall=True,
    can_hibernate=True,
    can_protect=True,
    # windows of one minute and a project: 1,500 changes, 1,500 reads (cloud.google.com/compute/api-quota). A launch is one
    # insert a slot and a few looks at firewalls; what names machines is one call for each
    rates={
        "launch": Rate(0.2, 3),
        "start": Rate(0.5, 10),
        "stop": Rate(0.5, 20),
        "terminate": Rate(0.5, 20),
        "describe": Rate(0.5, 20),
        "label": Rate(0.2, 4),
        "guard": Rate(1, 4),  # a batch is one list of the queue, of 600 a minute (cloud.google.com/tasks/docs/quotas)
    },
    machine_rates={"start": Rate(5, 200), "stop": Rate(5, 500), "terminate": Rate(5, 500)},
)
