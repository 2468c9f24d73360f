"""Which types have which GPUs, by the names that Lambda's API gives them (https://lambda.ai/instances, of 2026-09-20)."""

from __future__ import annotations

TYPES = {
    "gpu_1x_rtx6000": "rtx6000-24gb:1",
    "gpu_1x_a10": "a10-24gb:1",
    **{f"gpu_{count}x_a6000": f"a6000-48gb:{count}" for count in (1, 2, 4)},
    "gpu_8x_v100": "v100-16gb:8",
    "gpu_1x_a100_sxm4": "a100-40gb:1",
    "gpu_1x_a100": "a100-40gb:1",
    **{f"gpu_{count}x_a100": f"a100-40gb:{count}" for count in (2, 4, 8)},
    "gpu_8x_a100_80gb_sxm4": "a100-80gb:8",
    "gpu_1x_gh200": "gh200-96gb:1",
    "gpu_1x_h100_pcie": "h100-80gb:1",
    **{f"gpu_{count}x_h100_sxm5": f"h100-80gb:{count}" for count in (1, 2, 4, 8)},
    **{f"gpu_{count}x_b200_sxm6": f"b200-180gb:{count}" for count in (1, 2, 4, 8)},
}
