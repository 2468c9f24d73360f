"""Vast.ai, as its API answered in 2026: offers of strangers' hosts, the instances taken from them, what a host may do."""

from __future__ import annotations

from im.standins.vast.service import Vast

__all__ = ["Vast"]
