"""One setting: its variable, what it is for people, and how its value is read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import Field, dataclass, field, fields
from enum import StrEnum
from importlib import import_module
from pathlib import Path
from typing import Any

from im.domain.errors import Refused
from im.domain.input.text import check_text

MOST = 3600
"""No number that can be set, seconds mostly, is larger."""

Parse = Callable[[str, Any], Any]
"""From (variable, what was written) to the value; raises Refused."""


def setting(
    env: str,
    default: Any,
    says: str,
    *,
    secret: bool = False,
    parse: Parse | None = None,
    in_sandbox: str = "",
    unsaid: str = "",
) -> Any:
    """A field of Settings. Without `parse` the kind of its default says how it is read.

    `in_sandbox`: its default where no cloud is real, so that nobody else's machine or right is in reach.
    `unsaid`: the field of an Ask, or `region`, that it stands in for where a person says nothing.
    """
    told = {"env": env, "says": says, "secret": secret, "parse": parse, "in_sandbox": in_sandbox, "unsaid": unsaid}
    return field(default=default, repr=not secret, metadata=told)


@dataclass(frozen=True, slots=True)
class Usual:
    """What is taken where a person says nothing, and the variable that says it."""

    value: str
    said: str


def usual(part: Any) -> dict[str, Usual]:
    """Of a part of the settings: by the field of an Ask, or `region`; those alone that somebody set."""
    found = {}
    for one in fields(part):
        if (stands := one.metadata.get("unsaid")) and (value := getattr(part, one.name)):
            found[stands] = Usual(value, one.metadata["env"])
    return found


def read(one: Field[Any], written: Any) -> Any:
    """The value of a setting. Raises Refused, naming its variable, for what cannot be."""
    env, default = one.metadata["env"], one.default
    parse: Parse | None = one.metadata["parse"]
    if parse is not None:
        return parse(env, written)
    if isinstance(default, Path):
        return Path(written)
    if isinstance(default, int | float):
        return _number(env, written, default)
    if isinstance(default, StrEnum):
        return one_of(*(choice.value for choice in type(default)), what="policy", kind=type(default))(env, written)
    return str(written)


def _number(env: str, written: Any, default: float) -> float:
    try:
        number = type(default)(written)
    except (ValueError, TypeError):
        raise Refused(f"{env}={written} is not a number", f"unset {env} for the default, {default}") from None
    if not 0 < number <= MOST:
        raise Refused(f"{env}={written} is out of range", f"unset {env} for the default, {default}")
    return number


def one_of(*known: str, what: str, kind: Callable[[str], Any] = str) -> Parse:
    def parse(env: str, written: Any) -> Any:
        text = str(written)
        if text not in known:
            raise Refused(f"{env}={text[:40]} is no {what}", f"use {', '.join(known[:-1])} or {known[-1]}")
        return kind(text)

    return parse


def said(most: int, hint: str) -> Parse:
    """What a person says of himself: bounded and printable."""
    return lambda env, written: check_text(str(written), env, most, hint)


def checked(by: Callable[[str], object]) -> Parse:
    """Text that `by` raises Refused for when it cannot be."""

    def parse(_env: str, written: Any) -> str:
        by(str(written))
        return str(written)

    return parse


def named(check: str) -> Parse:
    """Text that a function of a cloud's, `module:name`, raises Refused for when it cannot be; the variable is named with it.

    It is imported when there is something to check: most of what can be set is not, and a start is to be quick.
    """

    def parse(env: str, written: Any) -> str:
        module, _, name = check.partition(":")
        try:
            getattr(import_module(module), name)(str(written))
        except Refused as exc:
            raise Refused(f"{env}: {exc.message}", exc.hint) from exc
        return str(written)

    return parse


def each(check: str) -> Parse:
    """The same for a list with commas, of which each is checked."""

    def parse(env: str, written: Any) -> str:
        words = [word.strip() for word in str(written).split(",")]
        return ",".join(named(check)(env, word) for word in words)

    return parse


def through(read_it: Callable[[Any], Any]) -> Parse:
    return lambda _env, written: read_it(written)


def broker(_env: str, written: Any) -> str:
    """kombu knows no valkey:// (kombu#2245); the protocol is the same."""
    text = str(written)
    return text.replace("valkey", "redis", 1) if text.startswith("valkey") else text
