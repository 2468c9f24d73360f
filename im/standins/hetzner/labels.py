"""Labels and the selectors that ask for them: https://docs.hetzner.cloud, "Labels" and "Label Selector"."""

from __future__ import annotations

import re
from typing import Any

from im.standins.hetzner.errors import invalid

_WORD = r"[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?"
_KEY = re.compile(rf"(?:[a-z0-9]([a-z0-9.-]{{0,251}}[a-z0-9])?/)?{_WORD}")
_VALUE = re.compile(rf"(?:{_WORD})?")
_TERM = re.compile(r"!?[^,()]+(?:\([^)]*\))?")


def checked(given: Any) -> dict[str, str]:
    """Raises invalid_input as Hetzner does."""
    if given is None:
        return {}
    if not isinstance(given, dict):
        raise invalid("labels", "must be an object")
    for key, value in given.items():
        if not _KEY.fullmatch(str(key)) or str(key).startswith("hetzner.cloud/"):
            raise invalid("labels", f"label key '{key}' is not correctly formatted")
        if not isinstance(value, str) or not _VALUE.fullmatch(value):
            raise invalid("labels", f"label value '{value}' is not correctly formatted")
    return dict(given)


def selects(selector: str, labels: dict[str, str]) -> bool:
    """Does the selector (`k=v,k!=v,k,!k,k in (a,b),k notin (a,b)`) take these labels?"""
    return all(_term(one.strip(), labels) for one in _TERM.findall(selector) if one.strip())


def _term(term: str, labels: dict[str, str]) -> bool:
    if found := re.fullmatch(r"(\S+)\s+(in|notin)\s+\(([^)]*)\)", term):
        key, how, among = found.group(1), found.group(2), [one.strip() for one in found.group(3).split(",")]
        return (labels.get(key) in among) is (how == "in")
    if term.startswith("!"):
        return term[1:] not in labels
    if "!=" in term:
        key, _, value = term.partition("!=")
        return labels.get(key.strip()) != value.strip()
    if "=" in term:
        key, _, value = term.replace("==", "=").partition("=")
        return labels.get(key.strip()) == value.strip()
    return term in labels
