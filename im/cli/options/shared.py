"""Options that several commands share, each gathered into one value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import wraps
from typing import Any, TypeVar

import click

from im.cli.session import here
from im.domain.errors import Refused
from im.domain.input.duration import parse_duration, parse_until

F = TypeVar("F", bound=Callable[..., Any])


class Duration(click.ParamType):  # type: ignore[type-arg]  # generic only from click 8.5 on
    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        return value if isinstance(value, timedelta) else parse_duration(str(value))


class Until(click.ParamType):  # type: ignore[type-arg]  # as above
    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        return value if isinstance(value, datetime) else parse_until(str(value), here())


def deadline_options(duration_says: str) -> Callable[[F], F]:
    """`-d` and `--until`, of which at most one may be given, as `deadline: Deadline | None`."""

    def decorate(command: F) -> F:
        @click.option("-d", "--duration", type=Duration(), metavar="DURATION", help=duration_says)
        @click.option("--until", type=Until(), metavar="TIME", help="To a moment instead: 18:00, or ISO 8601.")
        @wraps(command)
        def gathered(*args: Any, duration: timedelta | None, until: datetime | None, **rest: Any) -> Any:
            if duration is not None and until is not None:
                raise Refused("a deadline is given by -d or by --until, not by both", "leave one of them out")
            given = duration is not None or until is not None
            from im.domain.intent import Deadline  # a look has none

            deadline = Deadline(by=duration, to=until) if given else None
            return command(*args, deadline=deadline, **rest)

        return gathered  # type: ignore[return-value]  # same command, other keywords

    return decorate


@dataclass(frozen=True, slots=True)
class Waiting:
    """Whether to wait for the end of a request, and how long."""

    wanted: bool | None
    timeout: timedelta

    def wanted_here(self) -> bool:
        """As asked; if nothing was said, a person at a terminal waits and a script does not."""
        if self.wanted is not None:
            return self.wanted
        import sys

        return sys.stdout.isatty()


def wait_options(command: F) -> F:
    """`--wait/--no-wait` and `--timeout`, as `waiting: Waiting`."""

    @click.option("--wait/--no-wait", default=None, help="Wait until it is done; the default on a terminal.")
    @click.option(
        "--timeout",
        type=Duration(),
        default="5m",
        show_default=True,
        metavar="DURATION",
        help="Wait no longer than this.",
    )
    @wraps(command)
    def gathered(*args: Any, wait: bool | None, timeout: timedelta, **rest: Any) -> Any:
        return command(*args, waiting=Waiting(wait, timeout), **rest)

    return gathered  # type: ignore[return-value]  # same command, other keywords


@dataclass(frozen=True, slots=True)
class Output:
    """The form of the answer: table, json, name (names only) or id (ids only)."""

    form: str
    columns: tuple[str, ...] = ()


def output_options(command: F) -> F:
    """`-o`, `--json`, `-q` and `-c`, as `output: Output`."""

    @click.option(
        "-o",
        "--output",
        "form",
        type=click.Choice(["table", "json", "name"]),
        help="Form of the answer; default table.",
    )
    @click.option("--json", "as_json", is_flag=True, help="The same as -o json.")
    @click.option("-q", "--quiet", is_flag=True, help="Ids only, one per line.")
    @wraps(command)
    def gathered(*args: Any, form: str | None, as_json: bool, quiet: bool, **rest: Any) -> Any:
        asked = [*([form] if form else []), *(["json"] if as_json else []), *(["id"] if quiet else [])]
        if len(set(asked)) > 1:
            raise Refused("the answer can have one form only", "leave all but one of -o, --json and -q out")
        columns = rest.pop("columns", "") or ""
        chosen = tuple(c.strip().upper() for c in columns.split(",") if c.strip())
        return command(*args, output=Output(asked[0] if asked else "table", chosen), **rest)

    return gathered  # type: ignore[return-value]  # same command, other keywords


def columns_option(command: F) -> F:
    """`-c`, read by `output_options`, which has to stand below it."""
    return click.option(
        "-c", "--columns", metavar="A,B,…", help="These columns, in this order, however narrow it gets."
    )(command)


def account_option(command: F) -> F:
    """`--account`, as `account: str | None`; None is the usual one (`Session.account_of`)."""
    return click.option(
        "--account",
        metavar="NAME",
        shell_complete=_complete_accounts,
        help="Which of the declared cloud accounts; default IM_ACCOUNT.",
    )(command)


def _complete_accounts(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    from im.settings import Settings

    try:
        return [name for name in Settings.from_env().account_names if name.startswith(incomplete)]
    except Refused:
        return []
