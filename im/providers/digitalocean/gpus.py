"""Which sizes have which GPUs: https://docs.digitalocean.com/products/droplets/details/features/#gpu-droplets, of 2026."""

from __future__ import annotations

TYPES = {
    "gpu-4000adax1-20gb": "rtx4000ada-20gb:1",
    "gpu-6000adax1-48gb": "rtx6000ada-48gb:1",
    "gpu-l40sx1-48gb": "l40s-48gb:1",
    "gpu-h100x1-80gb": "h100-80gb:1",
    "gpu-h100x8-640gb": "h100-80gb:8",
    "gpu-h200x1-141gb": "h200-141gb:1",
    "gpu-h200x8-1128gb": "h200-141gb:8",
    "gpu-mi300x1-192gb": "mi300x-192gb:1",
    "gpu-mi300x8-1536gb": "mi300x-192gb:8",
}
