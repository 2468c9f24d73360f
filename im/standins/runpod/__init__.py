"""RunPod, as its REST API v2 was described in 2026: pods, GPUs and vCPUs with prices and stock, data centers, network volumes."""

from __future__ import annotations

from im.standins.runpod.service import RunPod

__all__ = ["RunPod"]
