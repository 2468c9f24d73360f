"""What RunPod alone has to be told of a deployment: what a machine is where nobody says it."""

from __future__ import annotations

from dataclasses import dataclass

from im.setting import each, named, setting


@dataclass(frozen=True, slots=True)
class RunPodSettings:
    default_runpod_type: str = setting(
        "IM_DEFAULT_RUNPOD_TYPE",
        "",
        "type of a pod at RunPod when none is named, or several with commas; else `rtx4090-x1`",
        parse=each("im.providers.runpod.profile:check_type"),
        unsaid="instance_type",
    )
    default_runpod_region: str = setting(
        "IM_DEFAULT_RUNPOD_REGION",
        "",
        "data center of a pod at RunPod when none is named, several with commas, or any; else any that has room",
        parse=each("im.providers.runpod.profile:check_zone"),
        unsaid="zone",
    )
    default_runpod_image: str = setting(
        "IM_DEFAULT_RUNPOD_IMAGE",
        "",
        "image of a pod at RunPod when none is named; else RunPod's own with PyTorch and an SSH server",
        parse=named("im.providers.runpod.profile:check_image"),
        unsaid="image",
    )
