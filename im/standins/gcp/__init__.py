"""Google Compute Engine, as its API v1 answered in 2026: machines, disks, firewall rules, operations; and prices."""

from __future__ import annotations

from im.standins.gcp.service import Gcp

__all__ = ["Gcp"]
