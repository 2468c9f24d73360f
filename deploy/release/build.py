"""Everything that a release is, into one folder: wheel, sdist, bill of materials, chart, documentation, checksums.

.venv/bin/python -m deploy.release.build dist
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from deploy.release import sbom
from deploy.release.packing import FIRST, below, pack, write_checksums
from im import __version__

ROOT = Path(__file__).resolve().parents[2]
CHANGES = ROOT / "docs" / "changes"


def main(argv: list[str]) -> int:
    (into,) = (Path(one).resolve() for one in argv)
    if changed := _git("status", "--porcelain"):
        print(
            f"Not released: {len(changed.splitlines())} files differ from the last commit; nobody could make these bytes again."
        )
        print("Next: commit them or take them back (git status).")
        return 1
    at = moment()
    shutil.rmtree(into, ignore_errors=True)
    into.mkdir(parents=True)
    for part in PARTS:
        part(into, at)
    write_checksums(into)
    if more := [one for one in CHANGES.glob("*.md") if one.name != "README.md"]:
        print(f"{len(more)} changes are not in CHANGELOG.md yet. Next: make changelog, commit, and again.")
    for one in sorted(into.iterdir()):
        print(f"{one.stat().st_size:>10}  {one.name}")
    return 0


def moment() -> int:
    """The moment that every file bears: SOURCE_DATE_EPOCH, else the last commit's."""
    return int(os.environ.get("SOURCE_DATE_EPOCH") or _git("log", "-1", "--format=%ct") or FIRST)


def build_packages(into: Path, at: int) -> None:
    """Wheel and sdist."""
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--directory", into, "--target", "sdist", "--target", "wheel"],
        cwd=ROOT,
        env={**os.environ, "SOURCE_DATE_EPOCH": str(at)},
        stdout=subprocess.DEVNULL,
        check=True,
    )


def pack_chart(into: Path, at: int) -> None:
    """As `helm package` would, which writes the moment of the packing into it and is not everywhere."""
    pack(below(ROOT / "deploy" / "helm", "im"), into / f"im-{__version__}.tgz", at=at)


def write_bill(into: Path, at: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        python = sbom.install_locked(Path(folder) / "locked")
        bill = into / f"im_instances-{__version__}.cdx.json"
        sbom.describe(python, bill, at=at)
    if more := sbom.listed(bill.read_text()) - sbom.pinned(sbom.LOCK.read_text()):
        raise ValueError(f"in the bill and not in {sbom.LOCK.name}: {', '.join(map(' '.join, sorted(more)))}")


def pack_site(into: Path, at: int) -> None:
    subprocess.run([sys.executable, "-m", "docs.site"], cwd=ROOT, stdout=subprocess.DEVNULL, check=True)
    name = f"im-docs-{__version__}"
    pack(below(ROOT / "build" / "site", name), into / f"{name}.tar.gz", at=at)


PARTS: tuple[Callable[[Path, int], None], ...] = (build_packages, pack_chart, write_bill, pack_site)


def _git(*words: str) -> str:
    """What git says; nothing where this is no working copy, as in an unpacked sdist."""
    done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
