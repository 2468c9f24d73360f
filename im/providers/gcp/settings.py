"""What Google Cloud alone has to be told of a deployment: what a machine there is where nobody says it."""

from __future__ import annotations

from dataclasses import dataclass

from im.setting import each, named, setting


@dataclass(frozen=True, slots=True)
class GcpSettings:
    default_gcp_type: str = setting(
        "IM_DEFAULT_GCP_TYPE",
        "",
        "type of a machine at Google Cloud when none is named, or several with commas; else `e2-small`",
        parse=each("im.providers.gcp.launch.types:check_type"),
        unsaid="instance_type",
    )
    default_gcp_region: str = setting(
        "IM_DEFAULT_GCP_REGION",
        "",
        "region or zone at Google Cloud, behind Google's own variables; else gcloud's, else `us-central1`",
        parse=named("im.providers.gcp.places:check_place"),
        unsaid="region",
    )
    default_gcp_image: str = setting(
        "IM_DEFAULT_GCP_IMAGE",
        "",
        "image at Google Cloud when none is named; else `ubuntu-24.04`",
        parse=named("im.providers.gcp.launch.images:check_image"),
        unsaid="image",
    )
