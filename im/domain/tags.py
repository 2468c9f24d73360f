"""What every machine of ours carries at its cloud: whose it is, which launch made it, and the row it belongs to."""

from __future__ import annotations

import re
from collections.abc import Mapping

from im.domain.errors import Refused
from im.domain.spec.names import check_tags

DEPLOYMENT = "im:deployment"
"""Nothing without it, or with another's, is ever changed."""
LAUNCH = "im:launch"
OWNER = "im:owner"
INSTANCE = "im:instance"
MARK = "im:mark"
"""On one machine of each place: who acts there moves it; see `im.domain.mark`."""
NAME = "Name"
"""What people call it; the one tag that clouds' own consoles show."""

MARKED = 12
"""Letters and digits of a token that stand for the whole where there is no room for it."""


def mark_of(token: str) -> str:
    """What stands for the token of a launch at a cloud whose machines carry nothing but a name."""
    return re.sub(r"[^a-z0-9]", "", token.lower())[:MARKED]


def parse_tags(written: tuple[str, ...]) -> dict[str, str]:
    """`KEY=VALUE` each, as typed. Raises Refused."""
    found = {}
    for one in written:
        key, equals, value = one.partition("=")
        if not equals or not key:
            raise Refused(f"'{one[:60]}' is no tag", "write --tag team=web")
        found[key] = value
    return found


def tags_for_all(given: object) -> tuple[tuple[str, str], ...]:
    """Those of IM_TAGS (`team=web, CostCentre=42`) or of the config file's table. Raises Refused for what no cloud takes."""
    if isinstance(given, Mapping):
        return tuple(check_tags({str(key): str(value) for key, value in given.items()}).items())
    pairs = tuple(one.strip() for one in re.split(r"[,\n]", str(given)) if one.strip())
    try:
        return tuple(check_tags(parse_tags(pairs)).items())
    except Refused as exc:
        raise Refused(f"IM_TAGS: {exc.message}", "write IM_TAGS=team=web,CostCentre=42") from exc
