"""P5b: the same commands over the API of an `im web` on this machine, against `aws --version`: `list` and `create --no-wait`."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.benchmarks import peers
from tests.benchmarks.fleet import broker, environment
from tests.benchmarks.p5_start import KEY, ROWS, spent
from tests.benchmarks.place import REGION, place
from tests.benchmarks.row import Row, of_runs
from tests.benchmarks.served import IM, served

_GOALS: Mapping[str, float] = {"list": 0.6, "create --no-wait": 0.7}


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
        with _served(environ, folder) as away:
            commands = {
                "aws --version": [str(aws), "--version"],
                "list": [IM, "list"],
                "create --no-wait": [IM, "create", "--no-wait", "-d", "1h", "--public-key", str(key)],
            }
            for command in commands.values():
                spent(command, away)  # bytecode and caches of the disk
            taken = [{name: spent(command, away) for name, command in commands.items()} for _ in range(runs)]
    for name, goal in _GOALS.items():
        ours, theirs = [run[name] for run in taken], [run["aws --version"] for run in taken]
        work = f"im {name} over the API" + (f" ({ROWS} rows)" if name == "list" else "")
        for what in ("cpu", "wall"):
            mine, floor = [getattr(one, what) for one in ours], [getattr(one, what) for one in theirs]
            yield of_runs("P5b", work, what, mine, floor, "aws --version", goal)  # type: ignore[arg-type]


@contextmanager
def _served(environ: Mapping[str, str], home: str) -> Iterator[dict[str, str]]:
    """`im web`, and the environment of a machine that knows nothing but its address and a token."""
    with served(environ) as web:
        made = subprocess.run(
            [IM, "token", "create", "bench", "--admin", "--for", "1h", "-q"],
            env=dict(environ),
            capture_output=True,
            text=True,
            check=True,
        )
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("IM_", "AWS_"))}
        yield {**kept, "HOME": home, "IM_API_URL": web.url, "IM_TOKEN": made.stdout.strip()}
