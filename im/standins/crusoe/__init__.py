"""Crusoe, as its API v1 is described in 2026: VMs by signed requests, operations that tell later, capacities, quotas, disks."""

from __future__ import annotations

from im.standins.crusoe.service import Crusoe

__all__ = ["Crusoe"]
