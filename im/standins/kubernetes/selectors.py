"""Label and field selectors, as far as clients of ours and the official one use them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from im.standins.kubernetes.errors import no

Test = Callable[[Mapping[str, Any]], bool]
_IN = re.compile(r"([\w./-]+)\s+(in|notin)\s+\(([^)]*)\)")
_EQUAL = re.compile(r"([\w./-]+)\s*(==|=|!=)\s*([\w.-]*)")
_FIELDS = ("metadata.name", "metadata.namespace", "status.phase", "spec.nodeName", "involvedObject.name")


def labels(text: str) -> Test:
    """Raises for what is no selector."""
    tests = [_label(one.strip()) for one in _parts(text) if one.strip()]
    return lambda shown: all(test(shown["metadata"].get("labels") or {}) for test in tests)


def _parts(text: str) -> list[str]:
    """Commas between brackets separate values, not requirements."""
    return re.split(r",(?![^(]*\))", text)


def _label(one: str) -> Test:
    if found := _IN.fullmatch(one):
        key, word, values = found[1], found[2], {value.strip() for value in found[3].split(",")}
        return lambda labels: (labels.get(key) in values) is (word == "in")
    if found := _EQUAL.fullmatch(one):
        key, word, value = found[1], found[2], found[3]
        return lambda labels: (labels.get(key) == value) is (word != "!=")
    if re.fullmatch(r"!?[\w./-]+", one):
        return lambda labels: (one.lstrip("!") in labels) is not one.startswith("!")
    raise no(400, f'unable to parse requirement: found "{one}"')


def fields(text: str) -> Test:
    tests = [_field(one.strip()) for one in text.split(",") if one.strip()]
    return lambda shown: all(test(shown) for test in tests)


def _field(one: str) -> Test:
    found = _EQUAL.fullmatch(one)
    if found is None or found[1] not in _FIELDS:
        raise no(400, f"field label not supported: {one.partition('=')[0].rstrip('!')}")
    path, same, value = found[1].split("."), found[2] != "!=", found[3]
    return lambda shown: (str((shown.get(path[0]) or {}).get(path[1], "")) == value) is same
