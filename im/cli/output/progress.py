"""What is seen while a command waits: a line that lives, a bar for many, plain lines where nothing can be drawn in place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

import click

from im.cli.output.terminal import is_live, plain, takes_colour
from im.domain.explain.phase import phase
from im.views.words.times import sentence

if TYPE_CHECKING:
    from im.domain.instance import Instance

FEW = 3
"""Up to this many instances are told one by one; more are counted."""


class Progress(Protocol):
    def __call__(self, rows: Sequence[Instance], now: datetime, done: int) -> None:
        """All rows that are waited for, and how many of them have come to an end."""
        ...


@contextmanager
def progress(total: int, *, silent: bool) -> Iterator[Progress]:
    """The display that suits stderr. `silent`: JSON was asked for, and stderr is for errors only."""
    if silent:
        yield lambda rows, now, done: None
    elif not is_live():
        yield _Lines(total)
    elif total > FEW:
        with _bar(total) as shown:
            yield shown
    else:
        with _live_line() as shown:
            yield shown


class _Lines:
    """One line for every change of state; for many, one for every tenth part of the way."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._said: dict[str, str] = {}
        self._tenths = -1

    def __call__(self, rows: Sequence[Instance], now: datetime, done: int) -> None:
        if self._total > FEW:
            tenths = done * 10 // self._total
            if tenths > self._tenths:
                self._tenths = tenths
                click.echo(f"{done} of {self._total} done", err=True)
            return
        for row in rows:
            word = phase(row, now).word
            if self._said.get(row.id) != word:
                self._said[row.id] = word
                click.echo(plain(sentence(row, now)), err=True)


@contextmanager
def _live_line() -> Iterator[Progress]:
    from rich.console import Console
    from rich.text import Text

    console = Console(stderr=True, no_color=not takes_colour())
    with console.status("") as status:

        def show(rows: Sequence[Instance], now: datetime, done: int) -> None:
            told = "  ".join(f"{r.name}: {phase(r, now).word}…" for r in rows)
            # Text, never markup: the words may hold brackets
            status.update(Text(plain(told)))

        yield show


@contextmanager
def _bar(total: int) -> Iterator[Progress]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars

    parts = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}", markup=False))
    with Bars(*parts, console=Console(stderr=True, no_color=not takes_colour()), transient=True) as bars:
        task = bars.add_task("", total=total)

        def show(rows: Sequence[Instance], now: datetime, done: int) -> None:
            words = [phase(row, now).word for row in rows]
            told = ", ".join(f"{words.count(word)} {word}" for word in sorted(set(words)))
            bars.update(task, completed=done, description=plain(told))

        yield show
