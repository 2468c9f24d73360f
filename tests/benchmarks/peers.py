"""The peers: other programs that are measured in the same run, kept in a virtualenv of their own (`make bench` makes it).

One that is not installed is said aloud, never left out in silence.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDER = Path(os.environ.get("IM_BENCH_PEERS") or ROOT / ".venv-bench-peers")
NAMES = {"c7n": "custodian", "awscli": "aws"}
"""Package → its program."""


def program(package: str) -> Path | None:
    """The peer's program; None when it is not installed."""
    found = FOLDER / "bin" / NAMES[package]
    return found if found.exists() else None


def versions() -> dict[str, str | None]:
    """Package → version; None for what is not installed."""
    return {name: _version(name) if program(name) else None for name in NAMES}


def report() -> list[str]:
    told = [f"{name} {version}" for name, version in versions().items() if version]
    missing = [name for name, version in versions().items() if not version]
    lines = [f"peers: {', '.join(told)}"] if told else []
    if missing:
        lines.append(
            f"not measured, because not installed in {FOLDER}: {', '.join(missing)} (make bench installs them)"
        )
    return lines


def _version(package: str) -> str:
    ask = f"from importlib.metadata import version; print(version({package!r}))"
    done = subprocess.run([FOLDER / "bin" / "python", "-c", ask], capture_output=True, text=True, check=True)
    return done.stdout.strip()
