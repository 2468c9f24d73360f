"""Our facts in the one label that an instance has (`im.providers.kit.one_name`), and behind it the mark of who acts there.

A label that somebody has edited is nobody's any more; what a person called a machine before it was taken in stays as its name,
in the letters that such a label has.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from im.domain import tags
from im.providers.kit.one_name import NameCodec

LONGEST = 63
"""How long a label may be as it is made, nobody says; this much is known to pass."""
ADOPTED = "adopted"
"""In place of a token, of a machine that no launch of ours has made."""
_CODEC = NameCodec(LONGEST)
_BEHIND = "~"


def label(said: Mapping[str, str]) -> str:
    """`said`: deployment, launch (empty: none of ours), owner, instance and name."""
    return _CODEC.written({**said, tags.NAME: _small(said[tags.NAME]), tags.LAUNCH: said[tags.LAUNCH] or ADOPTED})


def read(label: str, deployment: str) -> dict[str, str]:
    """The facts; of a label that is none of ours, it alone, as a name."""
    own, behind, mark = label.partition(_BEHIND)
    found = _CODEC.read(own, deployment)
    if tags.DEPLOYMENT not in found:
        return {tags.NAME: label} if label else {}
    if found[tags.LAUNCH] == ADOPTED:
        del found[tags.LAUNCH]
    return {**found, tags.MARK: mark} if behind else found


def marked(label: str, mark: str) -> str:
    return f"{label.partition(_BEHIND)[0]}{_BEHIND}{mark}"


def is_of(said: Mapping[str, str], token: str) -> bool:
    """Was it made by that launch?"""
    return said.get(tags.LAUNCH) == tags.mark_of(token)


def _small(name: str) -> str:
    return re.sub(r"[^a-z0-9-]+", "-", name.lower()).strip("-") or "im"
