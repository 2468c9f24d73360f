"""What Crusoe alone has to be told of a deployment: what a machine is where nobody says it."""

from __future__ import annotations

from dataclasses import dataclass

from im.setting import each, named, setting


@dataclass(frozen=True, slots=True)
class CrusoeSettings:
    default_crusoe_type: str = setting(
        "IM_DEFAULT_CRUSOE_TYPE",
        "",
        "type of a machine at Crusoe when none is named, or several with commas; else `c1a.2x`",
        parse=each("im.providers.crusoe.profile:check_type"),
        unsaid="instance_type",
    )
    default_crusoe_location: str = setting(
        "IM_DEFAULT_CRUSOE_LOCATION",
        "",
        "location of a machine at Crusoe when none is named, several with commas, or any; else `us-east1-a`",
        parse=each("im.providers.crusoe.profile:check_location"),
        unsaid="zone",
    )
    default_crusoe_image: str = setting(
        "IM_DEFAULT_CRUSOE_IMAGE",
        "",
        "image of a machine at Crusoe when none is named; else Ubuntu 22.04, with the drivers of its GPU",
        parse=named("im.providers.crusoe.images:check_image"),
        unsaid="image",
    )
