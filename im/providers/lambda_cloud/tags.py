"""Our facts and a person's tags as Lambda's tags, which are said at the launch and never change; and once more in the name.

Tags were taken and not taken by Lambda at different times. So the name carries what tells a machine of ours apart from all others
(`im.providers.kit.marked_name`). Of a machine without any tag the name alone is believed; a name that somebody has changed says
nothing any more, and a machine that has neither is none of ours.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any

from im.domain import tags
from im.providers.kit import marked_name

LONGEST_KEY, LONGEST = 55, 128
_KEY = re.compile(r"[a-z][a-z0-9-:]+", re.ASCII)
_CARRIED = frozenset({tags.DEPLOYMENT, tags.LAUNCH, tags.OWNER, tags.INSTANCE})


def written(said: Mapping[str, str]) -> list[dict[str, str]]:
    """A tag whose key no tag of Lambda's can have stays in the row alone."""
    return [
        {"key": key, "value": _cut(value)}
        for key, value in said.items()
        if _KEY.fullmatch(key) and len(key) <= LONGEST_KEY
    ]


def _cut(value: str) -> str:
    if len(value) <= LONGEST:
        return value
    return f"{value[: LONGEST - 10]}~{hashlib.sha256(value.encode()).hexdigest()[:9]}"


def hostname(name: str) -> str:
    return re.sub(r"[^a-z0-9-]", "-", name.lower()).strip("-")[:63] or "im"


def read(name: str, given: Sequence[Mapping[str, Any]], deployment: str) -> dict[str, str]:
    """Facts and tags. The instance is the name's, where that is of the form of ours: it alone can be changed later."""
    said = {str(one["key"]): str(one["value"]) for one in given}
    own = marked_name.read(name)
    if own is None:
        return {**said, tags.NAME: name}
    if _CARRIED & said.keys():
        ours = own.is_of(said.get(tags.DEPLOYMENT, ""))
        return {**said, tags.NAME: own.name, tags.INSTANCE: own.instance_id} if ours else {**said, tags.NAME: name}
    if not own.is_of(deployment):
        return {**said, tags.NAME: name}
    facts = {tags.DEPLOYMENT: deployment, tags.INSTANCE: own.instance_id, tags.LAUNCH: own.token}
    return {**said, **facts, tags.NAME: own.name}


def is_of(said: Mapping[str, str], token: str) -> bool:
    """Was it made by that launch?"""
    return marked_name.is_token(said.get(tags.LAUNCH, ""), token)
