"""Lambda, as its API v1 answered in 2026: instances, types with prices and room, SSH keys, firewall rulesets, filesystems."""

from __future__ import annotations

from im.standins.lambda_cloud.service import Lambda

__all__ = ["Lambda"]
