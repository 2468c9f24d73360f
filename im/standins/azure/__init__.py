"""Azure as its Resource Manager answers: virtual machines and what they are made of, long-running operations, sizes, prices."""

from __future__ import annotations

from im.standins.azure.service import Azure

__all__ = ["Azure"]
