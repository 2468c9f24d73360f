"""The bill of materials: what an image has installed, and what needs what, as CycloneDX."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from im import __version__

ROOT = Path(__file__).resolve().parents[2]
LOCK = ROOT / "requirements.lock"


def install_locked(into: Path) -> Path:
    """The Python of a new environment with what the lock pins, each file held to its hash, and nothing else."""
    uv = Path(sys.executable).with_name("uv")
    subprocess.run([uv, "venv", "--quiet", "--clear", "--python", sys.executable, into], check=True)
    python = into / "bin" / "python"
    subprocess.run([uv, "pip", "sync", "--quiet", "--require-hashes", "--python", python, LOCK], check=True)
    return python


def describe(python: Path, into: Path, *, at: int) -> None:
    """Write the bill of the environment of `python`, with `im-instances` at its root; the same bytes for the same environment.

    Raises ValueError when it is not valid by CycloneDX' own schema.
    """
    told = subprocess.run(
        [
            *(sys.executable, "-m", "cyclonedx_py", "environment", "--pyproject", ROOT / "pyproject.toml"),
            *("--output-reproducible", "--no-validate", "--output-file", "-", python),
        ],
        env={**os.environ, "SOURCE_DATE_EPOCH": str(at)},
        capture_output=True,
        text=True,
        check=True,
    )
    bill = json.loads(told.stdout)
    # it reads the version from pyproject.toml alone, where it is not
    bill["metadata"]["component"]["version"] = __version__
    text = json.dumps(bill, indent=2) + "\n"
    check(text)
    into.write_text(text)


def check(text: str) -> None:
    """Raises ValueError with what is wrong by the schema that the bill names."""
    version = SchemaVersion.from_version(json.loads(text)["specVersion"])
    if wrong := JsonStrictValidator(version).validate_str(text):
        raise ValueError(f"no valid CycloneDX: {wrong}")


def listed(text: str) -> set[tuple[str, str]]:
    """Package and version, of all that a bill names."""
    return {(_plain(one["name"]), one["version"]) for one in json.loads(text)["components"]}


def pinned(lock: str) -> set[tuple[str, str]]:
    """Package and version, of all that a lock pins; one package has two where they differ by Python or system."""
    return {(_plain(name), version) for name, version in re.findall(r"^([\w.-]+)==([^\s;\\]+)", lock, re.MULTILINE)}


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
