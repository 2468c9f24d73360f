"""What Vast alone has to be told of a deployment: what a machine is where nobody says it."""

from __future__ import annotations

from dataclasses import dataclass

from im.setting import each, named, setting


@dataclass(frozen=True, slots=True)
class VastSettings:
    default_vast_type: str = setting(
        "IM_DEFAULT_VAST_TYPE",
        "",
        "type of a machine at Vast when none is named, or several with commas; else `RTX_4090x1`",
        parse=each("im.providers.vast.profile:check_type"),
        unsaid="instance_type",
    )
    default_vast_location: str = setting(
        "IM_DEFAULT_VAST_LOCATION",
        "",
        "country of a machine's host at Vast when none is named (`NO`), several with commas, `EU` or `world`; else `world`",
        parse=each("im.providers.vast.profile:check_zone"),
        unsaid="zone",
    )
    default_vast_image: str = setting(
        "IM_DEFAULT_VAST_IMAGE",
        "",
        "container image of a machine at Vast when none is named; else Vast's own base image",
        parse=named("im.providers.vast.profile:check_image"),
        unsaid="image",
    )
