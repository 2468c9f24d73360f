"""`filter`: comparisons joined by AND and OR, with parentheses (AIP-160), or one `FIELD eq REGEX`; the two are never mixed."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

_TOKEN = re.compile(r'\s*(\(|\)|AND\b|OR\b|[\w.-]+\s*(?:!=|=|:)\s*(?:"(?:[^"\\]|\\.)*"|[^\s()]+))')
_TERM = re.compile(r'([\w.-]+)\s*(!=|=|:)\s*(?:"((?:[^"\\]|\\.)*)"|(\S+))')
_REGEX = re.compile(r'\s*([\w.]+)\s+(eq|ne)\s+(?:"(.*)"|(.*?))\s*')


Test = Callable[[dict[str, Any]], bool]


def compiled(filter_: str) -> Test:
    """Raises ValueError for what is no filter."""
    if found := _REGEX.fullmatch(filter_):
        field, how, quoted, bare = found.groups()
        pattern = re.compile(quoted if quoted is not None else bare)
        return lambda thing: (pattern.fullmatch(_value(thing, field) or "") is not None) is (how == "eq")
    tokens, at = [], 0
    while filter_[at:].strip():
        token = _TOKEN.match(filter_, at)
        if token is None:
            raise ValueError(f"Invalid list filter expression near {filter_[at : at + 30]}")
        tokens.append(token[1])
        at = token.end()
    test, rest = _either(tokens)
    if rest:
        raise ValueError("Invalid list filter expression: it is not closed")
    return test


def _any(tests: list[Test]) -> Test:
    return lambda thing: any(test(thing) for test in tests)


def _all(tests: list[Test]) -> Test:
    return lambda thing: all(test(thing) for test in tests)


def _either(tokens: list[str]) -> tuple[Test, list[str]]:
    test, tokens = _both(tokens)
    tests = [test]
    while tokens[:1] == ["OR"]:
        test, tokens = _both(tokens[1:])
        tests.append(test)
    return _any(tests), tokens


def _both(tokens: list[str]) -> tuple[Test, list[str]]:
    test, tokens = _single(tokens)
    tests = [test]
    while tokens[:1] == ["AND"]:
        test, tokens = _single(tokens[1:])
        tests.append(test)
    return _all(tests), tokens


def _single(tokens: list[str]) -> tuple[Test, list[str]]:
    if not tokens:
        raise ValueError("Invalid list filter expression: it ends too early")
    if tokens[0] == "(":
        test, rest = _either(tokens[1:])
        if rest[:1] != [")"]:
            raise ValueError("Invalid list filter expression: it is not closed")
        return test, rest[1:]
    found = _TERM.fullmatch(tokens[0])
    if found is None:
        raise ValueError(f"Invalid list filter expression near {tokens[0]}")
    field, how, quoted, bare = found.groups()
    wanted = quoted.replace('\\"', '"').replace("\\\\", "\\") if quoted is not None else bare
    if how == ":":
        return lambda thing: (value := _value(thing, field)) is not None and wanted in ("*", value), tokens[1:]
    return lambda thing: (_value(thing, field) == wanted) is (how == "="), tokens[1:]


def _value(thing: Any, field: str) -> str | None:
    for part in field.split("."):
        thing = thing.get(part) if isinstance(thing, dict) else None
    return None if thing is None else str(thing)
