"""`fields`: of an answer only what was asked for is sent. `a,b/c,items/*/instances(id,net(ip))`."""

from __future__ import annotations

from typing import Any

Mask = dict[str, Any]
"""Name (`*`: any) → what is asked for inside it; nothing inside: all of it."""


def parse(text: str) -> Mask:
    mask, rest = _list(text.replace(" ", ""))
    if rest:
        raise ValueError(f"a mask ends before {rest[:20]}")
    return mask


def _list(text: str) -> tuple[Mask, str]:
    mask: Mask = {}
    while text:
        text = _one(text, mask)
        if not text.startswith(","):
            break
        text = text[1:]
    return mask, text


def _one(text: str, mask: Mask) -> str:
    end = next((at for at, letter in enumerate(text) if letter in ",/()"), len(text))
    name, rest = text[:end], text[end:]
    if not name:
        raise ValueError("a mask has a nameless part")
    inner = mask.setdefault(name, {})
    if rest.startswith("/"):
        return _one(rest[1:], inner)
    if rest.startswith("("):
        more, rest = _list(rest[1:])
        if not rest.startswith(")"):
            raise ValueError("a mask is not closed")
        inner.update(more)
        return rest[1:]
    return rest


def masked(value: Any, mask: Mask) -> Any:
    if not mask:
        return value
    if isinstance(value, list):
        return [masked(one, mask) for one in value]
    if not isinstance(value, dict):
        return value
    return {
        key: masked(one, mask[key] if key in mask else mask["*"])
        for key, one in value.items()
        if {key, "*"} & mask.keys()
    }
