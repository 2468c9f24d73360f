"""What Kubernetes can do, and how often it may be asked."""

from __future__ import annotations

from datetime import timedelta

from im.providers.capabilities import Capabilities
from im.providers.kubernetes.billing import RULES

CAPABILITIES = Capabilities(
    can_stop=True,
    idempotent_launch=True,  # by the name, which holds the instance and the launch
    # lists tell the truth of now; the margin is for a call that was still on its way when we gave it up
    launch_visible_within=timedelta(minutes=2),
    can_spot=True,  # on nodes that may be taken back
    native_deadline=True,  # by an annotation that the pod reads: its own deadline can only be lowered
    guard_terminates=False,
    billing=RULES,
)
