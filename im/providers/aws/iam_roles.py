"""Which instance profiles the workers lend: a machine's role is a right, and the row that asks for it proves none."""

from __future__ import annotations

from im.domain.spec.spec import Spec
from im.providers.errors import Forbidden

ANY = "any"


def check_lent(spec: Spec, listed: str) -> None:
    """`listed`: names or ARNs, comma between, or `any`. Raises Forbidden for a profile that is not among them."""
    asked = str(spec.provider_options.get("iam_role") or "")
    known = {one.strip() for one in listed.split(",")}
    if not asked or ANY in known or asked in known:
        return
    raise Forbidden(
        f"the workers lend no instance profile {asked[:200]}: IM_IAM_ROLES, where they run, does not name it"
    )
