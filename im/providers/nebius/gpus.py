"""Which types have which GPUs: a platform of Nebius' and a preset of it, written with an underscore (docs.nebius.com/compute)."""

from __future__ import annotations

TYPES = {
    "gpu-l40s-a_1gpu-8vcpu-32gb": "l40s-48gb:1",
    "gpu-l40s-d_1gpu-16vcpu-96gb": "l40s-48gb:1",
    "gpu-l40s-d_2gpu-64vcpu-384gb": "l40s-48gb:2",
    "gpu-l40s-d_4gpu-128vcpu-768gb": "l40s-48gb:4",
    "gpu-h100-sxm_1gpu-16vcpu-200gb": "h100-80gb:1",
    "gpu-h100-sxm_8gpu-128vcpu-1600gb": "h100-80gb:8",
    "gpu-h200-sxm_1gpu-16vcpu-200gb": "h200-141gb:1",
    "gpu-h200-sxm_8gpu-128vcpu-1600gb": "h200-141gb:8",
    "gpu-b200-sxm_1gpu-20vcpu-224gb": "b200-180gb:1",
    "gpu-b200-sxm_8gpu-160vcpu-1792gb": "b200-180gb:8",
    "gpu-b300-sxm_1gpu-24vcpu-346gb": "b300-288gb:1",
    "gpu-b300-sxm_8gpu-192vcpu-2768gb": "b300-288gb:8",
}
