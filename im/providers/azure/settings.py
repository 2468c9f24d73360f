"""What Azure alone has to be told of a deployment: what a machine there is where nobody says it."""

from __future__ import annotations

from dataclasses import dataclass

from im.setting import each, named, setting


@dataclass(frozen=True, slots=True)
class AzureSettings:
    default_azure_type: str = setting(
        "IM_DEFAULT_AZURE_TYPE",
        "",
        "size of a machine at Azure when none is named, or several with commas; else `Standard_B1s` (spot: `Standard_D2as_v5`)",
        parse=each("im.providers.azure.sizes:check_size"),
        unsaid="instance_type",
    )
    default_azure_region: str = setting(
        "IM_DEFAULT_AZURE_REGION",
        "",
        "location or zone at Azure, behind Azure's own variables; else the az tool's, else `eastus`",
        parse=named("im.providers.azure.profile:check_place"),
        unsaid="region",
    )
    default_azure_image: str = setting(
        "IM_DEFAULT_AZURE_IMAGE",
        "",
        "image at Azure when none is named; else `ubuntu-24.04`",
        parse=named("im.providers.azure.sizes:check_image"),
        unsaid="image",
    )
