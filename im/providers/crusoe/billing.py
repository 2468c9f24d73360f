"""How Crusoe bills: a machine while it is RUNNING, its disks as long as they are there. Whether by the minute, nothing published
says; whole minutes are the dearer guess (https://support.crusoecloud.com, "Billing for VMs in ERROR States", of 2026-04-27)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from im.domain.money.forecast import Parts
from im.domain.money.rules import BillingRules

if TYPE_CHECKING:
    from im.domain.spec.spec import Spec

RULES = BillingRules(step=timedelta(minutes=1))
OS_GB, DISK = 128, "persistent-ssd"
"""The disk that every VM has, and that goes with it: https://docs.crusoecloud.com/storage/disks/overview."""


def expects(_spec: Spec) -> Parts:
    """A dynamic address has no price of its own on Crusoe's page; the disk of the system has."""
    return Parts(address=False, disk_gb=OS_GB, disk_type=DISK)
