"""Nebius AI Cloud, as its gRPC API answered in 2026: machines and their disks, security groups, projects, prices, room."""

from __future__ import annotations

from im.standins.nebius.service import Nebius

__all__ = ["Nebius"]
