"""Which instances a command means, as options, and their names for the shell; what a selection means: im.domain.selection."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

import click

from im.cli.session import Session
from im.domain.errors import Refused
from im.domain.selection import Filter, Selection, check_word

F = TypeVar("F", bound=Callable[..., Any])


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


def complete_names(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """Names of living instances for the shell's Tab; nothing at all when nobody can be asked."""
    try:
        session = Session()
        try:
            living = session.backend.looks.listing(sight=False)
            return [row.name for row in living.rows if row.name.startswith(incomplete)]
        finally:
            session.close()
    except Exception:
        return []
