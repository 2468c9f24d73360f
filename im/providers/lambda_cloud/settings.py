"""What Lambda alone has to be told of a deployment: what a machine is where nobody says it."""

from __future__ import annotations

from dataclasses import dataclass

from im.setting import each, named, setting


@dataclass(frozen=True, slots=True)
class LambdaSettings:
    default_lambda_type: str = setting(
        "IM_DEFAULT_LAMBDA_TYPE",
        "",
        "type of a machine at Lambda when none is named, or several with commas; else `gpu_1x_a10`",
        parse=each("im.providers.lambda_cloud.profile:check_type"),
        unsaid="instance_type",
    )
    default_lambda_region: str = setting(
        "IM_DEFAULT_LAMBDA_REGION",
        "",
        "region of a machine at Lambda when none is named, several with commas, or any; else `us-east-1`",
        parse=each("im.providers.lambda_cloud.profile:check_region"),
        unsaid="zone",
    )
    default_lambda_image: str = setting(
        "IM_DEFAULT_LAMBDA_IMAGE",
        "",
        "image of a machine at Lambda when none is named; else the newest Lambda Stack",
        parse=named("im.providers.lambda_cloud.profile:check_image"),
        unsaid="image",
    )
