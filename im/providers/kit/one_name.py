"""Our five facts in one name, for clouds whose machines carry nothing else: `NAME-OWNER-INSTANCE-TOKEN-MARK`.

Of small letters, digits and dashes, as long as a label of DNS may be: what every cloud takes. The mark is the beginning of the
deployment's id and two letters that are made of all that stands before them: a name that somebody has edited, or that a cloud
has cut, is nobody's any more. What is too long is cut, the owner first; the row has the whole truth.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping

from im.domain import tags

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_WHOSE, _OWNER = 8, 8
"""Letters of the deployment, and of the owner where it is cut for the name."""
_PLAIN = frozenset("abcdefghijklmnoprstuvwxyz0123456789")
_ESCAPE = "q"
"""Before two digits: a byte that stands for itself nowhere. Twice at the end: the rest was cut off."""
_ESCAPED = re.compile(r"(?:q[0-9a-f]{2})+")


class NameCodec:
    """`written` makes a name of at most `longest` characters, `read` takes it apart again."""

    def __init__(self, longest: int = 63) -> None:
        self._longest = longest

    def written(self, said: Mapping[str, str]) -> str:
        """`said`: deployment, launch, owner, instance and name, by `im.domain.tags`."""
        instance = said[tags.INSTANCE].removeprefix("im-")
        behind = f"-{instance}-{tags.mark_of(said[tags.LAUNCH])}-{_whose(said[tags.DEPLOYMENT])}"
        room = self._longest - len(behind) - 3
        name, owner = said[tags.NAME], said[tags.OWNER]
        least = min(len(_escaped(owner, self._longest)), _OWNER)
        name = name[: room - least].rstrip("-")
        text = f"{name}-{_escaped(owner, room - len(name))}{behind}"
        return f"{text}{_check(text)}"

    def read(self, name: str, deployment: str) -> dict[str, str]:
        """The facts; of a name that is none of these, the name alone. Of another deployment's, its mark stands for its id."""
        text, parts = name[:-2], name[:-2].rsplit("-", 4)
        if len(parts) != 5 or not all(parts[2:]) or name[-2:] != _check(text):
            return {tags.NAME: name}
        called, owner, instance, token, whose = parts
        found = {tags.INSTANCE: f"im-{instance}", tags.LAUNCH: token, tags.OWNER: _plain(owner), tags.NAME: called}
        return {**found, tags.DEPLOYMENT: deployment if whose == _whose(deployment) else whose}


def _whose(deployment: str) -> str:
    return deployment.replace("-", "").lower()[:_WHOSE]


def _check(text: str) -> str:
    number = int.from_bytes(hashlib.sha256(text.encode()).digest()[:2])
    return f"{_ALPHABET[number % 32]}{_ALPHABET[number // 32 % 32]}"


def _escaped(word: str, longest: int) -> str:
    """Letters and digits, no dash among them."""
    letters = ["".join(f"{_ESCAPE}{b:02x}" for b in one.encode()) if one not in _PLAIN else one for one in word]
    if len(whole := "".join(letters)) <= longest:
        return whole
    text = ""
    for one in letters:
        if len(text) + len(one) + 2 > longest:
            break
        text += one
    return f"{text}{_ESCAPE}{_ESCAPE}"


def _plain(text: str) -> str:
    """What was escaped; `~` stands for what was cut off."""
    word = text.removesuffix(_ESCAPE * 2)
    shown = _ESCAPED.sub(lambda found: bytes.fromhex(found.group().replace(_ESCAPE, "")).decode(errors="replace"), word)
    return shown if word == text else f"{shown}~"
