"""A wheel on a machine that has nothing but a Python: it installs alone, and README's first commands work from it.

python3.13 deploy/release/trial.py dist/im_instances-*.whl        # with the Python that runs it
.venv/bin/python deploy/release/trial.py --every WHEEL            # with each that is supported; names those that are not here

Knows nothing but the standard library, because it runs where nothing else is.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

SUPPORTED = ("3.11", "3.12", "3.13", "3.14")
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILzc4P530yQPLQ3mWVnDb3h0kw9dkXC9cXk8xMtRqyLi trial\n"


def main(argv: list[str]) -> int:
    if argv[:1] == ["--every"]:
        return every(argv[1])
    (wheel,) = argv
    with tempfile.TemporaryDirectory() as folder:
        try_out(Path(wheel).resolve(), Path(folder))
    return 0


def every(wheel: str) -> int:
    """Each supported Python in turn. One that is not here is named: the release says what it was not tried with."""
    found = {version: find(version) for version in SUPPORTED}
    tried = {version: python for version, python in found.items() if python}
    failed = [
        version
        for version, python in tried.items()
        if subprocess.run([python, __file__, wheel], check=False).returncode
    ]
    print(f"tried with Python {', '.join(tried)}")
    if missing := [version for version in SUPPORTED if version not in tried]:
        print(f"NOT TRIED, not on this machine: Python {', '.join(missing)}")
    if failed:
        print(f"FAILED with Python {', '.join(failed)}")
    return 1 if failed or not tried else 0


def find(version: str) -> str | None:
    """A Python of that version that starts: on PATH, or among pyenv's."""
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    there = [shutil.which(f"python{version}"), *map(str, sorted(pyenv.glob(f"{version}.*/bin/python{version}")))]
    return next((one for one in there if one and _starts(one)), None)


def try_out(wheel: Path, folder: Path) -> None:
    """In an empty folder, with an empty home and without any variable of ours. Raises CalledProcessError or AssertionError."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("IM_", "AWS_", "PYTHON", "VIRTUAL_ENV"))
    }
    environ = {**kept, "HOME": str(folder), "IM_HOME": str(folder / "state"), "NO_COLOR": "1"}
    programs = folder / "venv" / "bin"

    def run(*words: str | Path) -> str:
        done = subprocess.run(words, cwd=folder, env=environ, stdout=subprocess.PIPE, text=True, check=False)
        assert done.returncode == 0, f"{' '.join(map(str, words))}: exit {done.returncode}\n{done.stdout}"
        return done.stdout

    run(sys.executable, "-m", "venv", folder / "venv")
    install = (programs / "python", "-m", "pip", "install", "--quiet")
    run(*install, "--upgrade", "pip")  # the one of Python 3.11 takes six times as long for what follows
    run(*install, wheel)
    version = run(programs / "im", "--version").strip()
    run(*install, f"im-instances[local] @ {wheel.as_uri()}")
    run(programs / "python", "-m", "pip", "check")
    (folder / "key.pub").write_text(KEY)
    try:
        run(programs / "im", "up", "-d")
        run(programs / "im", "create", "--name", "web-1", "-d", "2h", "--public-key", "key.pub", "--wait")
        (machine,) = json.loads(run(programs / "im", "list", "--json"))
        assert (machine["name"], machine["observed"]) == ("web-1", "running"), machine
    finally:  # whatever of it came up
        run(programs / "im", "down", "--purge", "--yes")
    print(f"Python {'.'.join(map(str, sys.version_info[:3]))}: {version}, installed alone; a machine runs", flush=True)


def _starts(python: str) -> bool:
    """A shim of pyenv is on PATH though its version is not chosen."""
    return subprocess.run([python, "-c", ""], capture_output=True, check=False).returncode == 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
