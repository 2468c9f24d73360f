"""Which machine types bring which GPUs: https://cloud.google.com/compute/docs/gpus, of 2026."""

from __future__ import annotations

TYPES = {
    **{f"g2-standard-{cores}": "l4-24gb:1" for cores in (4, 8, 12, 16, 32)},
    "g2-standard-24": "l4-24gb:2",
    "g2-standard-48": "l4-24gb:4",
    "g2-standard-96": "l4-24gb:8",
    **{f"a2-highgpu-{count}g": f"a100-40gb:{count}" for count in (1, 2, 4, 8)},
    "a2-megagpu-16g": "a100-40gb:16",
    **{f"a2-ultragpu-{count}g": f"a100-80gb:{count}" for count in (1, 2, 4, 8)},
    **{f"a3-highgpu-{count}g": f"h100-80gb:{count}" for count in (1, 2, 4, 8)},
    "a3-megagpu-8g": "h100-80gb:8",
    "a3-ultragpu-8g": "h200-141gb:8",
    "a4-highgpu-8g": "b200-180gb:8",
    "g4-standard-48": "rtxpro6000-96gb:1",
    "g4-standard-96": "rtxpro6000-96gb:2",
    "g4-standard-192": "rtxpro6000-96gb:4",
    "g4-standard-384": "rtxpro6000-96gb:8",
}
BESIDE = frozenset({"p100", "t4", "v100"})
"""Those that an n1 type takes beside it."""
