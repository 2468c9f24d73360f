"""Has any installed version a known vulnerability? Says how many could be asked about, and names those that could not.

pip-audit passes over what it cannot find out about, and then says "No known vulnerabilities found": where no advisory can be read,
that is said of everything. Exit 0: audited, none found; 1: found; 3: nothing was audited, so this was no audit.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Mapping
from importlib.metadata import distributions
from typing import Any

from packaging.utils import canonicalize_name

CLEAN, FOUND, NOTHING_AUDITED = 0, 1, 3
OURS = "im-instances"


def main() -> int:
    done = subprocess.run(
        [sys.executable, "-m", "pip_audit", "--progress-spinner", "off", "--skip-editable", "--format", "json"],
        capture_output=True,
        text=True,
        check=False,
    )
    installed = {canonicalize_name(one.metadata["Name"]) for one in distributions()} - {OURS}
    listed = _dependencies(done.stdout)
    status, told = judge(listed, installed)
    if not listed:  # it did not even come to an answer
        told.append(f"pip-audit said: {(done.stderr.strip().splitlines() or ['nothing'])[-1]}")
    print("\n".join(told))
    return status


def judge(dependencies: Iterable[Mapping[str, Any]], installed: Iterable[str]) -> tuple[int, list[str]]:
    """The exit status, and what to say, from pip-audit's report on what is `installed`."""
    asked = {canonicalize_name(one["name"]): one for one in dependencies if "skip_reason" not in one}
    found = [
        f"  {name} {one['version']}: {flaw['id']}, mended in {', '.join(flaw['fix_versions']) or 'no version yet'}"
        for name, one in sorted(asked.items())
        for flaw in one["vulns"]
    ]
    everything = sorted({*installed, *asked})
    missed = [name for name in everything if name not in asked]
    if not asked:
        return NOTHING_AUDITED, [
            f"NOT AUDITED: the advisories of none of {len(everything)} packages could be read from here; nothing is known of "
            + ", ".join(missed)
        ]
    told = [f"audited {len(asked)} of {len(everything)} packages: {len(found) or 'no'} known vulnerabilities", *found]
    if missed:
        told.append(f"NOT AUDITED, {len(missed)} packages whose advisories could not be read: {', '.join(missed)}")
    return (FOUND if found else CLEAN), told


def _dependencies(report: str) -> list[Mapping[str, Any]]:
    try:
        listed: list[Mapping[str, Any]] = json.loads(report)["dependencies"]
    except (ValueError, KeyError, TypeError):
        return []
    return listed


if __name__ == "__main__":
    sys.exit(main())
