"""Which sizes have which GPUs: https://learn.microsoft.com/azure/virtual-machines/sizes/overview (GPU accelerated), of 2026."""

from __future__ import annotations

TYPES = {
    "Standard_NC4as_T4_v3": "t4-16gb:1",
    "Standard_NC8as_T4_v3": "t4-16gb:1",
    "Standard_NC16as_T4_v3": "t4-16gb:1",
    "Standard_NC64as_T4_v3": "t4-16gb:4",
    "Standard_NV36ads_A10_v5": "a10-24gb:1",
    "Standard_NV72ads_A10_v5": "a10-24gb:2",
    "Standard_NC24ads_A100_v4": "a100-80gb:1",
    "Standard_NC48ads_A100_v4": "a100-80gb:2",
    "Standard_NC96ads_A100_v4": "a100-80gb:4",
    "Standard_ND96asr_v4": "a100-40gb:8",
    "Standard_ND96amsr_A100_v4": "a100-80gb:8",
    "Standard_NC40ads_H100_v5": "h100-94gb:1",
    "Standard_NC80adis_H100_v5": "h100-94gb:2",
    "Standard_ND96isr_H100_v5": "h100-80gb:8",
    "Standard_ND96isr_H200_v5": "h200-141gb:8",
    "Standard_ND96isr_MI300X_v5": "mi300x-192gb:8",
}
