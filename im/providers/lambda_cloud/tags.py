"""Our facts and a person's tags as Lambda's tags, which are said at the launch and never change; and once more in the name.

Tags were taken and not taken by Lambda at different times. So the name carries what tells a machine of ours apart from all others:
`NAME.INSTANCE.DEPLOYMENT.TOKEN`, the last two cut. Of a machine without any tag the name alone is believed; a name that somebody
has changed says nothing any more, and a machine that has neither is none of ours.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any

from im.domain import tags

LONGEST_KEY, LONGEST, LONGEST_NAME = 55, 128, 64
_KEY = re.compile(r"[a-z][a-z0-9-:]+", re.ASCII)
_NAME = re.compile(r"(.*)\.([0-9a-z]{1,10})\.([0-9a-f]{8})\.([0-9A-Za-z-]{1,12})", re.ASCII)
_TOKEN = 12
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


def name_of(name: str, instance_id: str, deployment: str, token: str) -> str:
    """64 characters at most, of which the last 33 are ours."""
    mark = f".{instance_id.removeprefix('im-')}.{deployment[:8]}.{token[:_TOKEN]}"
    return f"{name[: LONGEST_NAME - len(mark)]}{mark}"


def renamed(name: str, instance_id: str, deployment: str, token: str) -> str:
    """The name of a machine of ours that becomes another instance's; what people call it stays."""
    own = _NAME.fullmatch(name)
    return name_of(own[1] if own else name, instance_id, deployment, token)


def hostname(name: str) -> str:
    return re.sub(r"[^a-z0-9-]", "-", name.lower()).strip("-")[:63] or "im"


def read(name: str, given: Sequence[Mapping[str, Any]], deployment: str) -> dict[str, str]:
    """Facts and tags. The instance is the name's, where that is of the form of ours: it alone can be changed later."""
    said = {str(one["key"]): str(one["value"]) for one in given}
    own = _NAME.fullmatch(name)
    if own is None:
        return {**said, tags.NAME: name}
    called, instance, whose, token = own.groups()
    if _CARRIED & said.keys():
        ours = said.get(tags.DEPLOYMENT, "").startswith(whose)
        return {**said, tags.NAME: called, tags.INSTANCE: f"im-{instance}"} if ours else {**said, tags.NAME: name}
    if not deployment.startswith(whose):
        return {**said, tags.NAME: name}
    facts = {tags.DEPLOYMENT: deployment, tags.INSTANCE: f"im-{instance}", tags.LAUNCH: token}
    return {**said, **facts, tags.NAME: called}


def is_of(said: Mapping[str, str], token: str) -> bool:
    """Was it made by that launch?"""
    told = said.get(tags.LAUNCH, "")
    return told == token or (len(told) == _TOKEN and token.startswith(told))
