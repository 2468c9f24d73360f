"""What Nebius alone has to be told of a deployment: its projects, and what a machine is where nobody says it."""

from __future__ import annotations

from dataclasses import dataclass

from im.setting import each, named, setting


@dataclass(frozen=True, slots=True)
class NebiusSettings:
    nebius_projects: str = setting(
        "IM_NEBIUS_PROJECTS",
        "",
        "ids of projects at Nebius with commas, one in each region where machines may be; an account's own go first",
        parse=named("im.providers.nebius.account:check_projects"),
    )
    default_nebius_type: str = setting(
        "IM_DEFAULT_NEBIUS_TYPE",
        "",
        "type of a machine at Nebius when none is named, or several with commas; else `cpu-d3_4vcpu-16gb`",
        parse=each("im.providers.nebius.profile:check_type"),
        unsaid="instance_type",
    )
    default_nebius_region: str = setting(
        "IM_DEFAULT_NEBIUS_REGION",
        "",
        "region of a machine at Nebius when none is named, several with commas, or any; else `eu-north1`",
        parse=each("im.providers.nebius.profile:check_region"),
        unsaid="zone",
    )
    default_nebius_image: str = setting(
        "IM_DEFAULT_NEBIUS_IMAGE",
        "",
        "image family of a machine at Nebius when none is named; else Ubuntu 24.04, with drivers where there are GPUs",
        parse=named("im.providers.nebius.profile:check_image"),
        unsaid="image",
    )
