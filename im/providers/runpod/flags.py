"""What `im create` takes for RunPod alone."""

from __future__ import annotations

from im.providers.request import Flag

MOUNTED_AT = "/workspace"
WORKSPACE, NETWORK_VOLUME = "workspace", "network-volume"
FLAGS = (
    Flag(
        WORKSPACE,
        "yes|no",
        "Whether a pod of RunPod's has a volume at /workspace, all that a stop keeps; yes unless said, 20 GB or --volume.",
    ),
    Flag(
        NETWORK_VOLUME,
        "ID",
        "A network volume of RunPod's in the same data center, which outlives the pod; at /workspace.",
    ),
)
