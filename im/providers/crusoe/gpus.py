"""Which types have which GPUs, by Crusoe's product names (https://docs.crusoecloud.com, of 2026)."""

from __future__ import annotations

TYPES = {
    **{f"l40s-48gb.{count}x": f"l40s-48gb:{count}" for count in (1, 2, 4, 8, 10)},
    **{f"a100.{count}x": f"a100-40gb:{count}" for count in (1, 2, 4, 8)},
    **{f"a100-80gb.{count}x": f"a100-80gb:{count}" for count in (1, 2, 4, 8)},
    "a100-80gb-sxm-ib.8x": "a100-80gb:8",
    "h100-80gb-sxm-ib.8x": "h100-80gb:8",
    "h200-141gb-sxm-ib.8x": "h200-141gb:8",
    "b200-180gb-sxm-ib.8x": "b200-180gb:8",
    "mi300x-192gb-ib.8x": "mi300x-192gb:8",
}
