"""What Hetzner alone has to be told of a deployment: what a server is where nobody says it."""

from __future__ import annotations

from dataclasses import dataclass

from im.setting import each, named, setting


@dataclass(frozen=True, slots=True)
class HetznerSettings:
    default_hetzner_type: str = setting(
        "IM_DEFAULT_HETZNER_TYPE",
        "",
        "type of a server at Hetzner when none is named, or several with commas; else `cx23`",
        parse=each("im.providers.hetzner.profile:check_type"),
        unsaid="instance_type",
    )
    default_hetzner_location: str = setting(
        "IM_DEFAULT_HETZNER_LOCATION",
        "",
        "location of a server at Hetzner when none is named, several with commas, or any; else `fsn1`",
        parse=each("im.providers.hetzner.profile:check_location"),
        unsaid="zone",
    )
    default_hetzner_image: str = setting(
        "IM_DEFAULT_HETZNER_IMAGE",
        "",
        "image of a server at Hetzner when none is named; else `ubuntu-24.04`",
        parse=named("im.providers.hetzner.profile:check_image"),
        unsaid="image",
    )
