"""What DigitalOcean alone has to be told of a deployment: what a droplet is where nobody says it."""

from __future__ import annotations

from dataclasses import dataclass

from im.setting import each, named, setting


@dataclass(frozen=True, slots=True)
class DigitalOceanSettings:
    default_digitalocean_type: str = setting(
        "IM_DEFAULT_DIGITALOCEAN_TYPE",
        "",
        "size of a droplet when none is named, or several with commas; else `s-1vcpu-1gb`",
        parse=each("im.providers.digitalocean.profile:check_type"),
        unsaid="instance_type",
    )
    default_digitalocean_region: str = setting(
        "IM_DEFAULT_DIGITALOCEAN_REGION",
        "",
        "region of a droplet when none is named, several with commas, or any; else `nyc3`",
        parse=each("im.providers.digitalocean.profile:check_region"),
        unsaid="zone",
    )
    default_digitalocean_image: str = setting(
        "IM_DEFAULT_DIGITALOCEAN_IMAGE",
        "",
        "image of a droplet when none is named; else `ubuntu-24.04`, with a GPU the one that has its drivers",
        parse=named("im.providers.digitalocean.profile:check_image"),
        unsaid="image",
    )
