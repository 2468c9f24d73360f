"""Our five facts, and a person's tags, where a cloud's labels take fewer letters than ours.

What a label cannot say is escaped, and what is too long is cut with a mark of its own; the row has the whole truth.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping

from im.domain import tags

_PLAIN = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)?", re.ASCII)
_UNSAFE = re.compile(r"[^A-Za-z0-9.-]", re.ASCII)
_SMALL, _NOT_SMALL = re.compile(r"[a-z0-9_-]*", re.ASCII), re.compile(r"[^a-z0-9-]", re.ASCII)
_SMALL_KEY = re.compile(r"[a-z][a-z0-9_-]*", re.ASCII)


def encoded(value: str, longest: int = 63, *, small: bool = False) -> str:
    """`value` as letters, digits, dots, dashes and underscores, a letter or digit at both ends; itself where it is that already.

    `small`: of small letters, digits, dashes and underscores alone.
    """
    plain, unsafe = (_SMALL, _NOT_SMALL) if small else (_PLAIN, _UNSAFE)
    if len(value) <= longest and plain.fullmatch(value) and not value.startswith("x-"):
        return value
    text = unsafe.sub(lambda m: "".join(f"_{byte:02x}" for byte in m.group().encode()), value)
    whole = f"x-{text}-x0"
    if len(whole) <= longest:
        return whole
    mark = hashlib.sha256(value.encode()).hexdigest()[:8]
    return f"x-{text[: longest - 12]}-x{mark}"


def decoded(label: str) -> str:
    """What was encoded; of a label that was cut, what is left of it."""
    if not (label.startswith("x-") and "-x" in label[2:]):
        return label
    text, _, _ = label[2:].rpartition("-x")
    return re.sub(
        r"(?:_[0-9a-f]{2})+", lambda m: bytes.fromhex(m.group().replace("_", "")).decode(errors="replace"), text
    )


_FACTS = {
    tags.DEPLOYMENT: "deployment",
    tags.LAUNCH: "launch",
    tags.OWNER: "owner",
    tags.INSTANCE: "instance",
    tags.NAME: "name",
    tags.MARK: "mark",
}


class LabelCodec:
    """Labels whose keys are `PREFIX` and a word for what is ours, and the person's own keys beside."""

    def __init__(self, prefix: str = "im/", longest: int = 63, *, small: bool = False) -> None:
        """`small`: the cloud takes no capitals and no dots."""
        self._prefix, self._longest, self._small = prefix, longest, small

    def key(self, fact: str) -> str:
        """The label that carries one of our facts (`im.domain.tags`)."""
        return f"{self._prefix}{_FACTS[fact]}"

    def labels(self, said: Mapping[str, str]) -> dict[str, str]:
        """Facts and a person's tags as labels. A tag whose key no label can have stays in the row alone."""
        made = {}
        for key, value in said.items():
            label = self.key(key) if key in _FACTS else key
            written = _SMALL_KEY if self._small else _PLAIN
            if key in _FACTS or (written.fullmatch(key) and 0 < len(key) <= self._longest):
                made[label] = encoded(value, self._longest, small=self._small)
        return made

    def tags(self, labels: Mapping[str, str]) -> dict[str, str]:
        facts = {self.key(fact): fact for fact in _FACTS}
        return {facts.get(key, key): decoded(value) for key, value in labels.items()}
