"""What AWS alone has to be told of a deployment: settings that no other cloud reads."""

from __future__ import annotations

from dataclasses import dataclass

from im.setting import each, named, setting


@dataclass(frozen=True, slots=True)
class AwsSettings:
    """What EC2 alone is told."""

    iam_roles: str = setting(
        "IM_IAM_ROLES",
        "",
        "what `--iam-role` may lend: names, comma between, or any (docs/security.md)",
        in_sandbox="any",
    )
    guard_role: str = setting(
        "IM_GUARD_ROLE", "", "the role as which the cloud's own scheduler stops machines (docs/guard.md)"
    )
    default_aws_type: str = setting(
        "IM_DEFAULT_AWS_TYPE",
        "",
        "type of an instance at AWS when none is named, or several with commas; else `t2.nano`, or `t3.nano`",
        parse=each("im.providers.aws.profile:check_type"),
        unsaid="instance_type",
    )
    default_aws_region: str = setting(
        "IM_DEFAULT_AWS_REGION",
        "",
        "region at AWS, behind AWS's own variables; else that of the profile, else `us-east-1`",
        parse=named("im.providers.aws.profile:check_region"),
        unsaid="region",
    )
    default_aws_image: str = setting(
        "IM_DEFAULT_AWS_IMAGE",
        "",
        "image at AWS when none is named; else Amazon Linux 2023",
        parse=named("im.providers.aws.launch.images:check_image"),
        unsaid="image",
    )
