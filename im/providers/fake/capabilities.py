"""What the cloud in memory can do: all that has a way through the house."""

from __future__ import annotations

from datetime import timedelta

from im.providers.capabilities import Capabilities

CAPABILITIES = Capabilities(
    can_stop=True,
    idempotent_launch=True,
    launch_visible_within=timedelta(seconds=5),
    native_deadline=True,
    can_firewall=True,
    can_hibernate=True,
    can_protect=True,
    can_shelve=True,
    can_spot=True,
    real=False,
)
