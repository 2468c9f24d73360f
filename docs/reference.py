"""The pages of reference, each made from the code that it tells of: commands, the API, events, errors and exit codes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import click

from im.cli.main import COMMANDS, im
from im.domain import errors
from im.domain.event import Channel, EventKind
from im.views.exits import Exit, exit_of

HERE = Path(__file__).parent


def commands() -> str:
    """Every command, by what one wants to do, with each of its options."""
    told = [
        "# Commands",
        "",
        "Every command has `--help`, which says the same. What all of them take stands at the end.",
    ]
    root = click.Context(im, info_name="im")
    everywhere = {option for one in im.params for option in one.opts}
    for section in dict.fromkeys(entry.section for entry in COMMANDS.values()):
        told += ["", f"## {section}"]
        for name, entry in COMMANDS.items():
            if entry.section == section:
                found = im.get_command(root, name)
                assert found is not None
                told += _command(found, click.Context(found, info_name=f"im {name}"), everywhere, 3)
    told += ["", "## Everywhere", "", *_options(im, root, set())]
    return "\n".join(told)


def _command(one: click.Command, ctx: click.Context, everywhere: set[str], depth: int) -> Iterator[str]:
    usage = " ".join(one.collect_usage_pieces(ctx))
    yield from ("", f"{'#' * depth} {ctx.info_name}", "", f"`{ctx.info_name} {usage}`", "")
    yield from (_plain(one.help or one.short_help or ""), "")
    yield from _options(one, ctx, everywhere)
    if isinstance(one, click.Group):
        for name, inner in sorted(one.commands.items()):
            yield from _command(inner, click.Context(inner, info_name=f"{ctx.info_name} {name}"), everywhere, depth + 1)


def _options(one: click.Command, ctx: click.Context, everywhere: set[str]) -> Iterator[str]:
    records = [
        record
        for param in one.params
        if not everywhere.intersection(param.opts) and (record := param.get_help_record(ctx)) is not None
    ]
    if records:
        yield from ("| option | what it does |", "|---|---|")
        yield from (f"| <code>{_cell(option)}</code> | {_cell(says)} |" for option, says in records)


def api() -> str:
    """Every route of the API, from the description that it gives of itself."""
    described: dict[str, Any] = json.loads((HERE / "openapi.json").read_text())
    rows = [
        "# Routes of the API",
        "",
        "The whole description, with every document, is [openapi.json](openapi.json).",
        "",
    ]
    rows += ["| route | what it does |", "|---|---|"]
    for path, verbs in described["paths"].items():
        for verb, told in verbs.items():
            says = str(told.get("description") or told.get("summary") or "").split("\n\n")[0]
            rows.append(f"| `{verb.upper()} {path}` | {_cell(says)} |")
    return "\n".join(rows)


def events() -> str:
    """What history, the stream and webhooks may say that happened."""
    rows = ["# Events", "", "`im history` and the API's stream tell them. Kinds are added, never renamed."]
    rows += ["", "| kind |", "|---|", *(f"| `{one.value}` |" for one in EventKind)]
    rows += [
        "",
        "## By which way a change came",
        "",
        "| channel |",
        "|---|",
        *(f"| `{one.value}` |" for one in Channel),
    ]
    return "\n".join(rows)


def exits() -> str:
    """Every error's code, as JSON and the API have it, and the exit code of a command that ends with it."""
    rows = ["# Errors and exit codes", "", *exit_codes()]
    rows += [
        "",
        "## Codes of errors",
        "",
        "As `--json` and the API tell them.",
        "",
        "| code | exit code |",
        "|---|---|",
    ]
    kinds = [one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, errors.ImError)]
    codes = {kind.code: int(exit_of(kind("said"))) for kind in kinds}
    return "\n".join([*rows, *(f"| `{code}` | {number} |" for code, number in sorted(codes.items()))])


def exit_codes() -> list[str]:
    """The table of exit codes, line by line."""
    return ["| exit code | of a command that |", "|---|---|", *(f"| {one.value} | {_ENDS[one]} |" for one in Exit)]


_ENDS: Mapping[Exit, str] = MappingProxyType(
    {
        Exit.OK: "did what it was told",
        Exit.FAILURE: "failed: a service is away, or the cloud said no for another reason than those below",
        Exit.USAGE: "was typed wrongly, or refused because the state forbids it",
        Exit.NOT_FOUND: "names something that is not there",
        Exit.AUTH: "may not: not signed in, not allowed, or the cloud does not accept the credentials",
        Exit.TIMED_OUT: "waited as long as it was told; the work goes on",
        Exit.LIMIT: "meets a quota, a budget or a policy",
        Exit.CAPACITY: "finds no room at the cloud, or is asked to slow down",
        Exit.SUPERSEDED: "was overtaken by a later request for the same instance",
        Exit.INTERRUPTED: "was interrupted: Ctrl-C or SIGTERM; what was stored goes on",
    }
)

PAGES: Mapping[str, Callable[[], str]] = MappingProxyType(
    {"commands.md": commands, "routes.md": api, "events.md": events, "exits.md": exits}
)
"""File below `reference/` → what makes it."""


def _plain(text: str) -> str:
    """Help as Markdown: what click keeps line by line (a paragraph that begins with \\b) is kept so here too."""
    parts = [part.strip("\n ") for part in text.replace("\r", "").split("\n\n")]
    told = []
    for part in parts:
        if part.startswith("\b"):
            told.append(
                "```text\n" + "\n".join(line.strip() for line in part.removeprefix("\b").strip().splitlines()) + "\n```"
            )
        else:
            told.append(" ".join(part.split()))
    return "\n\n".join(told)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("<", "&lt;").replace("|", "&#124;")
