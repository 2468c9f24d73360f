"""Kubernetes, as an API server of 1.36 answered in 2026: claims, pods, secrets, quotas; kubelet and scheduler are pretended."""

from __future__ import annotations

from im.standins.kubernetes.service import Kubernetes

__all__ = ["Kubernetes"]
