"""Rows as a table that fits, or in the form that was asked for."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import click

from im.cli.output.terminal import cells, plain, takes_colour, visible_json, width
from im.domain.errors import Refused
from im.domain.explain.phase import Tone, phase
from im.domain.state import Observed
from im.views.cost import NO_COSTS, Costs
from im.views.words.money import UNKNOWN, cost_cell, rate_cell
from im.views.words.times import local, time_left

if TYPE_CHECKING:
    from im.cli.options.shared import Output
    from im.domain.instance import Instance
    from im.domain.money.cost import Cost

SANDBOX = "sandbox: these machines are not real, and no cloud is charged"


@dataclass(frozen=True, slots=True)
class Column:
    """One column; `need` orders them by how much they are missed: the lowest goes first when room is short."""

    cell: Callable[[Instance, datetime], str]
    need: int = 0
    """0: shown only when asked for by `-c`."""
    right: bool = False
    spend: Callable[[Cost | None], str] | None = None
    """Its cell is made from the instance's cost instead."""
    several: bool = False
    """Shown unasked only where its cells differ."""


def _reachable(row: Instance) -> str | None:
    """The address to log in at. A stopped machine keeps its private one, where nobody answers."""
    return row.public_ip or (row.private_ip if row.observed in (Observed.PENDING, Observed.RUNNING) else None)


def _no_cost(_row: Instance, _now: datetime) -> str:
    return UNKNOWN


COLUMNS: Mapping[str, Column] = MappingProxyType(
    {
        "NAME": Column(lambda r, _: r.name, 100),
        "ID": Column(lambda r, _: r.id, 50),
        "PROVIDER": Column(lambda r, _: r.scope.provider, 10),
        "TYPE": Column(lambda r, _: r.spec.instance_type or "-", 40),
        "ZONE": Column(lambda r, _: r.zone or r.spec.zone or "-", 20),
        "ACCOUNT": Column(lambda r, _: r.scope.account, 45, several=True),
        "STATUS": Column(lambda r, now: phase(r, now).word, 90),
        "IP": Column(lambda r, _: _reachable(r) or "-", 70),
        "TIME-LEFT": Column(time_left, 80, right=True),
        "EXPIRES": Column(lambda r, now: local(r.expires_at, now), 60),
        "$/H": Column(_no_cost, 35, right=True, spend=rate_cell),
        "COST": Column(_no_cost, 25, right=True, spend=cost_cell),
        "OWNER": Column(lambda r, _: r.owner, 30),
        "CLOUD-ID": Column(lambda r, _: r.provider_id or "-"),
        "REGION": Column(lambda r, _: r.scope.region),
        "IMAGE": Column(lambda r, _: r.spec.image or "-"),
        "PRIVATE-IP": Column(lambda r, _: r.private_ip or "-"),
        "CREATED": Column(lambda r, now: local(r.created_at, now)),
        "DESIRED": Column(lambda r, _: r.desired.value),
        "OBSERVED": Column(lambda r, _: r.observed.value),
        "BY": Column(lambda r, _: r.by),
        "ERROR": Column(lambda r, _: r.error or "-"),
    }
)

TONES: Mapping[Tone, str | None] = MappingProxyType(
    {Tone.GOOD: "green", Tone.BUSY: "cyan", Tone.IDLE: None, Tone.WARN: "yellow", Tone.BAD: "red"}
)


def say_json(value: Any, *, indent: int | None = 2) -> None:
    click.echo(visible_json(json.dumps(value, indent=indent, ensure_ascii=False, default=str)))


def show(rows: Sequence[Instance], now: datetime, output: Output, *, sandbox: bool, costs: Costs = NO_COSTS) -> None:
    """Rows in the form that was asked for, on stdout."""
    match output.form:
        case "json":
            from im.views.instance import instances_json  # a table does without

            say_json(instances_json(rows, now, sandbox=sandbox, costs=costs))
        case "name" | "id":
            for row in rows:
                click.echo(row.name if output.form == "name" else row.id)
        case _:
            table = instance_table(rows, now, output.columns, sandbox=sandbox, costs=costs)
            click.echo(table, color=takes_colour())


def check_columns(chosen: Sequence[str]) -> None:
    """Raises Refused for a column there is not."""
    for name in chosen:
        if name not in COLUMNS:
            raise Refused(f"there is no column '{name[:40]}'", f"choose from {', '.join(COLUMNS)}")


def instance_table(
    rows: Sequence[Instance], now: datetime, chosen: Sequence[str], *, sandbox: bool, costs: Costs = NO_COSTS
) -> str:
    check_columns(chosen)
    names = list(chosen) or [name for name, column in COLUMNS.items() if column.need and _tells(column, rows, now)]
    body = [[plain(_cell(COLUMNS[name], row, now, costs)) for name in names] for row in rows]
    if not chosen:
        names, body = _fit(names, body, width())
    tones = [TONES[phase(row, now).tone] for row in rows]
    colours = [[tone if name == "STATUS" else None for name in names] for tone in tones]
    right = {i for i, name in enumerate(names) if COLUMNS[name].right}
    return text_table(names, body, colours=colours, right=right, footer=SANDBOX if sandbox else "")


def _tells(column: Column, rows: Sequence[Instance], now: datetime) -> bool:
    return not column.several or len({column.cell(row, now) for row in rows}) > 1


def _cell(column: Column, row: Instance, now: datetime, costs: Costs) -> str:
    return column.spend(costs.get(row.id)) if column.spend else column.cell(row, now)


def text_table(
    heads: Sequence[str],
    body: Sequence[Sequence[str]],
    *,
    colours: Sequence[Sequence[str | None]] = (),
    right: set[int] | frozenset[int] = frozenset(),
    footer: str = "",
) -> str:
    """Columns padded to their widest cell, two spaces apart; nothing behind the last one. Cells must be `plain`."""
    widths = [max(cells(line[i]) for line in (heads, *body)) for i in range(len(heads))]

    def line(words: Sequence[str], style: Callable[[int, str], str]) -> str:
        padded = []
        for i, word in enumerate(words):
            gap = " " * (widths[i] - cells(word))
            last = i == len(words) - 1
            padded.append(gap + style(i, word) if i in right else style(i, word) + ("" if last else gap))
        return "  ".join(padded).rstrip()

    lines = [line(heads, lambda _, word: click.style(word, bold=True))]
    for number, words in enumerate(body):
        paint = colours[number] if colours else [None] * len(words)
        lines.append(line(words, lambda i, word, p=paint: click.style(word, fg=p[i]) if p[i] else word))  # type: ignore[misc]
    if footer:
        lines.append(click.style(footer, dim=True))
    return "\n".join(lines)


def _fit(names: list[str], body: list[list[str]], room: int | None) -> tuple[list[str], list[list[str]]]:
    """Leave out the column that is missed least until the rest fits into `room`."""
    while room is not None and len(names) > 1:
        total = sum(max(cells(line[i]) for line in (names, *body)) for i in range(len(names))) + 2 * (len(names) - 1)
        if total <= room:
            break
        out = min(range(len(names)), key=lambda i: COLUMNS[names[i]].need)
        names = names[:out] + names[out + 1 :]
        body = [line[:out] + line[out + 1 :] for line in body]
    return names, body
