"""What tells a machine of ours from all others, in its name, where a cloud has no labels or none that can be changed.

A name is `NAME.INSTANCE.DEPLOYMENT.TOKEN`, the last two cut: 33 characters of ours at most, and as many of the name that people
use as there is room for. A name that somebody has changed says nothing any more.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_FORM = re.compile(r"(.*)\.([0-9a-z]{1,10})\.([0-9a-f]{8})\.([0-9A-Za-z-]{1,12})", re.ASCII | re.DOTALL)
_DEPLOYMENT, _TOKEN = 8, 12


@dataclass(frozen=True, slots=True)
class Marked:
    """What such a name says; `deployment` and `token` are their first characters."""

    name: str
    instance_id: str
    deployment: str
    token: str

    def is_of(self, deployment: str) -> bool:
        return deployment.startswith(self.deployment)


def marked(name: str, instance_id: str, deployment: str, token: str, longest: int = 64) -> str:
    mark = f".{instance_id.removeprefix('im-')}.{deployment[:_DEPLOYMENT]}.{token[:_TOKEN]}"
    return f"{name[: longest - len(mark)]}{mark}"


def remarked(name: str, instance_id: str, deployment: str, token: str, longest: int = 64) -> str:
    """The name of a machine of ours that becomes another instance's; what people call it stays."""
    own = read(name)
    return marked(own.name if own else name, instance_id, deployment, token, longest)


def read(name: str) -> Marked | None:
    """None for a name that is not of that form."""
    found = _FORM.fullmatch(name)
    if found is None:
        return None
    called, instance, deployment, token = found.groups()
    return Marked(called, f"im-{instance}", deployment, token)


def is_token(told: str, token: str) -> bool:
    """Does a name that tells that token, cut or whole, speak of this launch?"""
    return told == token or (len(told) == _TOKEN and token.startswith(told))
