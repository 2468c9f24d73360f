"""What AWS alone has to be told of a deployment: settings that no other cloud reads."""

from __future__ import annotations

from dataclasses import dataclass

from im.setting import setting


@dataclass(frozen=True, slots=True)
class AwsSettings:
    iam_roles: str = setting(
        "IM_IAM_ROLES",
        "",
        "what `--iam-role` may lend: names, comma between, or any (docs/security.md)",
        in_sandbox="any",
    )
    guard_role: str = setting(
        "IM_GUARD_ROLE", "", "the role as which the cloud's own scheduler stops machines (docs/guard.md)"
    )
