"""What Nebius sells: platforms with their presets, USD an hour, and the regions that have them; images; disks.

Prices of GPUs and of a vCPU are those of its list of 2026; what a GiB of a disk costs here is made up.
"""

from __future__ import annotations

from dataclasses import dataclass

REGIONS = {"eu-north1": "e00", "eu-west1": "e01", "us-central1": "u00"}
"""Each with the letters that the ids of its things begin with."""
NETWORK, SUBNET, GROUP = "vpcnetwork", "vpcsubnet", "vpcsecuritygroup"


@dataclass(frozen=True, slots=True)
class Preset:
    platform: str
    name: str
    gpus: int
    vcpus: int
    gib: int
    usd: str
    regions: tuple[str, ...]


_ALL, _NORTH, _CENTRAL = tuple(REGIONS), ("eu-north1",), ("us-central1",)
_ROWS = (
    ("cpu-d3", "4vcpu-16gb", 0, 4, 16, "0.0992", _ALL),
    ("cpu-d3", "8vcpu-32gb", 0, 8, 32, "0.1984", _ALL),
    ("cpu-e2", "2vcpu-8gb", 0, 2, 8, "0.0496", _NORTH),
    ("gpu-l40s-a", "1gpu-8vcpu-32gb", 1, 8, 32, "1.55", _NORTH),
    ("gpu-h100-sxm", "1gpu-16vcpu-200gb", 1, 16, 200, "2.95", _NORTH),
    ("gpu-h100-sxm", "8gpu-128vcpu-1600gb", 8, 128, 1600, "23.60", _NORTH),
    ("gpu-h200-sxm", "1gpu-16vcpu-200gb", 1, 16, 200, "3.50", _ALL),
    ("gpu-h200-sxm", "8gpu-128vcpu-1600gb", 8, 128, 1600, "28.00", _ALL),
    ("gpu-b200-sxm", "8gpu-160vcpu-1792gb", 8, 160, 1792, "44.00", _CENTRAL),
)
PRESETS = {(row[0], row[1]): Preset(*row) for row in _ROWS}
FAMILIES = ("ubuntu24.04-driverless", "ubuntu22.04-driverless", "ubuntu24.04-cuda13.0", "ubuntu24.04-cuda12")
MONTHLY = {"NETWORK_SSD": "0.071", "NETWORK_HDD": "0.034", "NETWORK_SSD_NON_REPLICATED": "0.053"}
"""USD for a GiB and 720 hours."""
STEPS = {"NETWORK_SSD_NON_REPLICATED": 93, "NETWORK_SSD_IO_M3": 93}
"""GiB, of which the size of a disk of that type is a multiple."""
