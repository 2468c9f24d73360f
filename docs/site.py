"""Builds the site of the documentation: what lies in docs/, and the reference that is made from the code, into build/site.

.venv/bin/python -m docs.site
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from docs.reference import PAGES

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "build" / "docs"
"""What the generator reads: zensical.toml names it."""


def gather(into: Path) -> None:
    """Every page and picture of docs/, and each page of reference in place of the file that the reader would have to run."""
    shutil.rmtree(into, ignore_errors=True)
    shutil.copytree(ROOT / "docs", into, ignore=shutil.ignore_patterns("*.py", "__pycache__", "changes"))
    (into / "reference").mkdir()
    changes = (ROOT / "CHANGELOG.md").read_text()
    (into / "changelog.md").write_text(changes.replace("](docs/", "]("))  # it stands beside the pages here
    shutil.copy(ROOT / "docs" / "openapi.json", into / "reference")
    for name, make in PAGES.items():
        (into / "reference" / name).write_text(make() + "\n")


def main() -> int:
    gather(SOURCE)
    built = subprocess.run(
        [
            sys.executable,
            "-m",
            "zensical",
            "build",
            "--clean",
            "--strict",
            "--config-file",
            str(ROOT / "zensical.toml"),
        ],
        cwd=ROOT,
        check=False,
    )
    return built.returncode


if __name__ == "__main__":
    sys.exit(main())
