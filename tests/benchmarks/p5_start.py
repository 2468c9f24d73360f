"""P5: what a person waits for at each command: `im --help`, `list`, `status` and `create --no-wait`, against `aws --version`."""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from tests.benchmarks import peers
from tests.benchmarks.fleet import broker, environment
from tests.benchmarks.place import REGION, place
from tests.benchmarks.row import Row, of_runs
from tests.benchmarks.spent import Spent

ROWS = 100
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIC2fKEWpEW0v3jUhSMUhUvAgi9e4TjWN5hzKEpRTDYIG bench"
_GOALS: Mapping[str, float | None] = {"--help": 0.3, "list": 1.0, "status": 1.0, "create --no-wait": 1.6}


def measure(runs: int) -> Iterator[Row]:
    aws = peers.program("awscli")
    if aws is None:
        return  # the report says so
    with place() as here, broker() as url, tempfile.TemporaryDirectory() as folder:
        here.fleet(ROWS)
        key = Path(folder, "key.pub")
        key.write_text(KEY)
        environ = environment(
            here, url, AWS_ACCESS_KEY_ID="bench", AWS_SECRET_ACCESS_KEY="bench", AWS_DEFAULT_REGION=REGION
        )
        im = [str(Path(sys.executable).parent / "im")]
        commands: dict[str, Sequence[str]] = {
            "aws --version": [str(aws), "--version"],
            "aws ec2 describe-instances": [
                *(str(aws), "ec2", "describe-instances", "--max-items", "1000", "--endpoint-url", here.cloud_url)
            ],
            "--help": [*im, "--help"],
            "list": [*im, "list"],
            "status": [*im, "status", "bench-1"],
            "create --no-wait": [*im, "create", "--no-wait", "-d", "1h", "--public-key", str(key)],
        }
        for command in commands.values():
            spent(command, environ)  # bytecode and caches of the disk
        # in turn, so that each has the same weather
        taken = [{name: spent(command, environ) for name, command in commands.items()} for _ in range(runs)]
    for name, goal in _GOALS.items():
        for floor, most in (("aws --version", goal), ("aws ec2 describe-instances", None)):
            if most is not None or name == "list":
                ours, theirs = [run[name] for run in taken], [run[floor] for run in taken]
                work = f"im {name}" + (f" ({ROWS} rows)" if name == "list" else "")
                yield of_runs("P5", work, "cpu", [s.cpu for s in ours], [s.cpu for s in theirs], floor, most)
                yield of_runs("P5", work, "wall", [s.wall for s in ours], [s.wall for s in theirs], floor, most)


def spent(command: Sequence[str], environ: Mapping[str, str]) -> Spent:
    """A process from its start to its end."""
    before, began = _children(), time.perf_counter()
    done = subprocess.run(command, env=dict(environ), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
    assert done.returncode == 0, done.stderr.decode(errors="replace")[-500:]
    return Spent(_children() - before, time.perf_counter() - began)


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
