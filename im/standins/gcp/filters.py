"""`filter`: comparisons joined by AND and OR, with parentheses (AIP-160), or one `FIELD eq REGEX`; the two are never mixed."""

from __future__ import annotations

import re
from typing import Any

_TOKEN = re.compile(r'\s*(\(|\)|AND\b|OR\b|[\w.-]+\s*(?:!=|=|:)\s*(?:"(?:[^"\\]|\\.)*"|[^\s()]+))')
_TERM = re.compile(r'([\w.-]+)\s*(!=|=|:)\s*(?:"((?:[^"\\]|\\.)*)"|(\S+))')
_REGEX = re.compile(r'\s*([\w.]+)\s+(eq|ne)\s+(?:"(.*)"|(.*?))\s*')


def holds(filter_: str, thing: dict[str, Any]) -> bool:
    """Raises ValueError for what is no filter."""
    if found := _REGEX.fullmatch(filter_):
        field, how, quoted, bare = found.groups()
        same = re.fullmatch(quoted if quoted is not None else bare, _value(thing, field) or "") is not None
        return same if how == "eq" else not same
    tokens, at = [], 0
    while filter_[at:].strip():
        token = _TOKEN.match(filter_, at)
        if token is None:
            raise ValueError(f"Invalid list filter expression near {filter_[at : at + 30]}")
        tokens.append(token[1])
        at = token.end()
    answer, rest = _either(tokens, thing)
    if rest:
        raise ValueError("Invalid list filter expression: it is not closed")
    return answer


def _either(tokens: list[str], thing: dict[str, Any]) -> tuple[bool, list[str]]:
    answer, tokens = _both(tokens, thing)
    while tokens[:1] == ["OR"]:
        more, tokens = _both(tokens[1:], thing)
        answer = answer or more
    return answer, tokens


def _both(tokens: list[str], thing: dict[str, Any]) -> tuple[bool, list[str]]:
    answer, tokens = _single(tokens, thing)
    while tokens[:1] == ["AND"]:
        more, tokens = _single(tokens[1:], thing)
        answer = answer and more
    return answer, tokens


def _single(tokens: list[str], thing: dict[str, Any]) -> tuple[bool, list[str]]:
    if not tokens:
        raise ValueError("Invalid list filter expression: it ends too early")
    if tokens[0] == "(":
        answer, rest = _either(tokens[1:], thing)
        if rest[:1] != [")"]:
            raise ValueError("Invalid list filter expression: it is not closed")
        return answer, rest[1:]
    found = _TERM.fullmatch(tokens[0])
    if found is None:
        raise ValueError(f"Invalid list filter expression near {tokens[0]}")
    field, how, quoted, bare = found.groups()
    wanted = quoted.replace('\\"', '"').replace("\\\\", "\\") if quoted is not None else bare
    value = _value(thing, field)
    if how == ":":
        return value is not None and wanted in ("*", value), tokens[1:]
    return (value == wanted) is (how == "="), tokens[1:]


def _value(thing: Any, field: str) -> str | None:
    for part in field.split("."):
        thing = thing.get(part) if isinstance(thing, dict) else None
    return None if thing is None else str(thing)
