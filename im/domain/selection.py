"""Which instances are meant: by name or id, by filter, or all of them. One grammar for the command line, an API and a page."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING

from im.domain.errors import NoSuchInstance, Refused, near
from im.domain.explain.phase import phase

if TYPE_CHECKING:
    from im.domain.instance import Instance

_WORD = re.compile(r"([A-Za-z0-9_][A-Za-z0-9._()-]{0,127}/)?[A-Za-z0-9][A-Za-z0-9._-]{0,127}", re.ASCII)
"""Also a cloud's own id; one cloud says first in which group it is, `GROUP/NAME`."""

_FIELDS: Mapping[str, Callable[[Instance, datetime], str]] = MappingProxyType(
    {
        "owner": lambda row, _: row.owner,
        "status": lambda row, now: phase(row, now).word,
        "type": lambda row, _: row.spec.instance_type,
        "zone": lambda row, _: row.zone or row.spec.zone,
        "region": lambda row, _: row.scope.region,
        "account": lambda row, _: row.scope.account,
        "provider": lambda row, _: row.scope.provider,
        "name": lambda row, _: row.name,
    }
)


@dataclass(frozen=True, slots=True)
class Filter:
    """`key=value`; a status matches by its first word too, so that `status=stopped` finds `stopped (ttl)`."""

    key: str
    value: str

    @classmethod
    def parse(cls, text: str) -> Filter:
        """Raises Refused for a key there is not, and for a value that is missing."""
        key, equals, value = text.partition("=")
        if key not in _FIELDS or not equals or not value:
            meant = near(key, _FIELDS) if equals and value else []
            raise Refused(
                f"--filter {text[:60]} is not understood",
                f"did you mean {meant[0]}={value[:60]}?"
                if meant
                else f"write key=value with a key of {', '.join(_FIELDS)}, like owner=me",
            )
        return cls(key, value)

    def admits(self, row: Instance, now: datetime, me: str) -> bool:
        found = _FIELDS[self.key](row, now)
        if self.key == "owner":
            return found == (me if self.value == "me" else self.value)
        if self.key == "status":
            return found == self.value or re.split(r"[ ,]", found, maxsplit=1)[0] == self.value
        return found == self.value


@dataclass(frozen=True, slots=True)
class Selection:
    """Words that name instances, or filters that all have to admit them; `everything`: the living ones without a filter."""

    words: tuple[str, ...] = ()
    everything: bool = False
    filters: tuple[Filter, ...] = ()

    @property
    def named(self) -> bool:
        """A person named each one: whatever cannot be done to one of them is then an error, not passed over."""
        return bool(self.words)

    def admitted(self, rows: Iterable[Instance], now: datetime, me: str) -> tuple[Instance, ...]:
        """Those that every filter admits; `me` is who `owner=me` means."""
        return tuple(row for row in rows if all(one.admits(row, now, me) for one in self.filters))

    def nothing(self) -> NoSuchInstance:
        """The answer where it admits no living instance."""
        said = " and ".join(f"{one.key}={one.value}" for one in self.filters)
        return NoSuchInstance(
            f"no living instance has {said}" if said else "there is no living instance", "im list --all"
        )


def parse_filters(text: str) -> tuple[Filter, ...]:
    """`owner=me status="stopped (ttl)"`. Raises Refused."""
    return tuple(Filter.parse(word) for word in words_of(text))


def words_of(text: str) -> list[str]:
    """Raises Refused."""
    try:
        return shlex.split(text)
    except ValueError:
        raise Refused("a quotation mark is not closed", "write it like status='stopped (ttl)'") from None


def check_word(word: str) -> str:
    """A name or an id as it may be written; Refused for what can be neither."""
    if not _WORD.fullmatch(word):
        raise Refused(f"'{word[:60]}' can be neither a name nor an id", "im list  shows both")
    return word
