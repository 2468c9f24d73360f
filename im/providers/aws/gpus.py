"""Which instance types have which GPUs: https://docs.aws.amazon.com/ec2/latest/instancetypes/ac.html, of 2026."""

from __future__ import annotations

TYPES = {
    **dict.fromkeys(("g4dn.xlarge", "g4dn.2xlarge", "g4dn.4xlarge", "g4dn.8xlarge", "g4dn.16xlarge"), "t4-16gb:1"),
    "g4dn.12xlarge": "t4-16gb:4",
    "g4dn.metal": "t4-16gb:8",
    **dict.fromkeys(("g5.xlarge", "g5.2xlarge", "g5.4xlarge", "g5.8xlarge", "g5.16xlarge"), "a10g-24gb:1"),
    **dict.fromkeys(("g5.12xlarge", "g5.24xlarge"), "a10g-24gb:4"),
    "g5.48xlarge": "a10g-24gb:8",
    **dict.fromkeys(("g6.xlarge", "g6.2xlarge", "g6.4xlarge", "g6.8xlarge", "g6.16xlarge"), "l4-24gb:1"),
    **dict.fromkeys(("g6.12xlarge", "g6.24xlarge"), "l4-24gb:4"),
    "g6.48xlarge": "l4-24gb:8",
    **dict.fromkeys(("g6e.xlarge", "g6e.2xlarge", "g6e.4xlarge", "g6e.8xlarge", "g6e.16xlarge"), "l40s-48gb:1"),
    **dict.fromkeys(("g6e.12xlarge", "g6e.24xlarge"), "l40s-48gb:4"),
    "g6e.48xlarge": "l40s-48gb:8",
    "p3.2xlarge": "v100-16gb:1",
    "p3.8xlarge": "v100-16gb:4",
    "p3.16xlarge": "v100-16gb:8",
    "p3dn.24xlarge": "v100-32gb:8",
    "p4d.24xlarge": "a100-40gb:8",
    "p4de.24xlarge": "a100-80gb:8",
    "p5.4xlarge": "h100-80gb:1",
    "p5.48xlarge": "h100-80gb:8",
    "p5e.48xlarge": "h200-141gb:8",
    "p5en.48xlarge": "h200-141gb:8",
    "p6-b200.48xlarge": "b200-180gb:8",
}
