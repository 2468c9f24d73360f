"""Hetzner Cloud, as its API v1 answered in 2026: servers, keys, firewalls, primary addresses, images, prices."""

from __future__ import annotations

from im.standins.hetzner.service import Hetzner

__all__ = ["Hetzner"]
