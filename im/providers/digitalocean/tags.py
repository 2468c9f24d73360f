"""Our facts and a person's tags as DigitalOcean's flat ones: `key:value`, of letters, digits, dashes, underscores and colons.

Capitals are escaped as everything else that a tag cannot say: a tag is compared without case and known to the whole team by its
first spelling, so two people's `Team:Web` and `team:web` would be refused each other.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping

from im.domain import tags
from im.domain.adoption import MARK as ADOPT

LONGEST = 255
SHELVING = "im:shelving"
"""What the snapshot is for that is being made of a droplet: the instance and the generation."""
_OURS = (tags.DEPLOYMENT, tags.LAUNCH, tags.OWNER, tags.INSTANCE, tags.MARK, ADOPT, SHELVING)
_UNSAFE = re.compile(r"[^a-z0-9:-]")
_FIREWALL = re.compile(r"im-[0-9a-f]{8}-firewall-[0-9a-f]{10}")
"""By which a firewall of ours reaches a droplet: nothing that anybody said of it."""
_ESCAPED = re.compile(r"(?:_[0-9a-f]{2})+")


def flat(key: str, value: str) -> str:
    """One tag. A colon stands between key and value, and within the key for our own facts alone."""
    left = key if key in _OURS else _escape_key(key)
    whole = f"{left}:{_escape(value)}"
    if len(whole) <= LONGEST:
        return whole
    mark = hashlib.sha256(whole.encode()).hexdigest()[:8]
    return f"{whole[: LONGEST - 10]}_x{mark}"


def written(said: Mapping[str, str]) -> list[str]:
    return [flat(key, value) for key, value in said.items()]


def read(given: Iterable[str]) -> dict[str, str]:
    """Facts and tags out of those of a droplet; one without a colon has no value. Of several with one key the last in order."""
    found = {}
    for one in sorted(given):
        if _FIREWALL.fullmatch(one):
            continue
        key, value = _parts(one)
        found[key] = value
    return found


def _parts(tag: str) -> tuple[str, str]:
    for ours in _OURS:
        if tag.startswith(f"{ours}:"):
            return ours, _plain(tag[len(ours) + 1 :])
    key, _, value = tag.partition(":")
    return _plain(key, _escape_key), _plain(value)


def _escape(text: str) -> str:
    return _UNSAFE.sub(lambda found: "".join(f"_{byte:02x}" for byte in found.group().encode()), text)


def _escape_key(text: str) -> str:
    return _escape(text).replace(":", "_3a")


def _plain(text: str, escape: Callable[[str], str] = _escape) -> str:
    """What was escaped; others' underscores stay what they are."""
    try:
        meant = _ESCAPED.sub(lambda found: bytes.fromhex(found.group().replace("_", "")).decode(), text)
    except UnicodeDecodeError:
        return text
    return meant if escape(meant) == text else text
