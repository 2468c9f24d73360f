"""DigitalOcean, as its API v2 answered in 2026: droplets, actions, tags, keys, firewalls, sizes with their prices."""

from __future__ import annotations

from im.standins.digitalocean.service import DigitalOcean

__all__ = ["DigitalOcean"]
