"""Which instances a command means: by name or id, by filter, or all of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import wraps
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

import click

from im.domain.errors import NoSuchInstance, Refused
from im.domain.explain.phase import phase
from im.domain.instance import Instance

if TYPE_CHECKING:
    from datetime import datetime

    from im.context import Context
    from im.services.queries import Listing

F = TypeVar("F", bound=Callable[..., Any])

_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}", re.ASCII)

_ASKS: Mapping[str, Callable[[Instance, datetime], str]] = MappingProxyType(
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
        key, equals, value = text.partition("=")
        if key not in _ASKS or not equals or not value:
            raise Refused(
                f"--filter {text[:60]} is not understood", f"write key=value with a key of {', '.join(_ASKS)}; owner=me"
            )
        return cls(key, value)

    def admits(self, row: Instance, now: datetime, me: str) -> bool:
        found = _ASKS[self.key](row, now)
        if self.key == "owner":
            return found == (me if self.value == "me" else self.value)
        if self.key == "status":
            return found == self.value or re.split(r"[ ,]", found, maxsplit=1)[0] == self.value
        return found == self.value


@dataclass(frozen=True, slots=True)
class Selection:
    words: tuple[str, ...] = ()
    everything: bool = False
    filters: tuple[Filter, ...] = ()

    @property
    def named(self) -> bool:
        """A person named each one: whatever cannot be done to one of them is then an error, not passed over."""
        return bool(self.words)


def check_word(word: str) -> str:
    """A name or an id as it may be written; Refused for what can be neither."""
    if not _WORD.fullmatch(word):
        raise Refused(f"'{word[:60]}' can be neither a name nor an id", "im list  shows both")
    return word


def selection_options(command: F) -> F:
    """Names and ids, `--instance-id`, `--all` and `--filter`, as `selection: Selection`."""

    @click.argument("names", nargs=-1, metavar="[NAME|ID]...", shell_complete=complete_names)
    @click.option("--instance-id", "ids", multiple=True, metavar="NAME|ID", help="The same as naming it; repeatable.")
    @click.option("--all", "everything", is_flag=True, help="All living instances, everybody's.")
    @click.option(
        "--filter", "filters", multiple=True, metavar="KEY=VALUE", help="Living ones with owner=me, status=…, …"
    )
    @wraps(command)
    def gathered(
        *args: Any,
        names: tuple[str, ...],
        ids: tuple[str, ...],
        everything: bool,
        filters: tuple[str, ...],
        **rest: Any,
    ) -> Any:
        words = tuple(dict.fromkeys(check_word(w) for w in (*names, *ids)))
        selection = Selection(words, everything, tuple(Filter.parse(f) for f in filters))
        if words and (everything or filters):
            raise Refused("name the instances or select them by --all and --filter, not both", "leave one out")
        if not (words or everything or filters):
            command_path = click.get_current_context().command_path
            raise Refused("which instance?", f"{command_path} NAME, or --filter owner=me; im list  shows the names")
        return command(*args, selection=selection, **rest)

    return gathered  # type: ignore[return-value]  # same command, other keywords


def select(ctx: Context, selection: Selection) -> Listing:
    """The rows that are meant. Raises NoSuchInstance when there is none."""
    from im.services import queries

    if selection.named:
        return queries.resolve(ctx, selection.words)
    listing = queries.listing(ctx)
    me = ctx.settings.owner
    rows = tuple(r for r in listing.rows if all(f.admits(r, listing.now, me) for f in selection.filters))
    if not rows:
        said = " and ".join(f"{f.key}={f.value}" for f in selection.filters)
        raise NoSuchInstance(
            f"no living instance has {said}" if said else "there is no living instance", "im list --all"
        )
    return replace(listing, rows=rows)


def complete_names(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """Names of living instances for the shell's Tab; nothing at all when the database cannot be asked."""
    try:
        from im.context import open_context
        from im.services import queries
        from im.settings import Settings

        context = open_context(Settings.from_env())
        try:
            return [row.name for row in queries.listing(context).rows if row.name.startswith(incomplete)]
        finally:
            context.dispose()
    except Exception:
        return []
