"""`python -m tests.chaos.soak --seconds 600 --seed 7`: soak, drain, judge; exit 0 when all five figures are zero."""

from __future__ import annotations

import argparse
import random
import sys
import time
from pathlib import Path

from im import logs
from tests.chaos.soak.run import Plan, soak


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.soak", description=__doc__)
    parser.add_argument("--seconds", type=float, default=600, help="how long things break, before the drain")
    parser.add_argument("--seed", type=int, help="default: drawn, and printed")
    parser.add_argument("--requests-per-second", type=float, default=1.5)
    parser.add_argument("--clients", type=int, default=5)
    parser.add_argument(
        "--mixed", action="store_true", help="seven clouds instead of one, and what can go wrong at each"
    )
    parser.add_argument(
        "--before", default="", help="PYTHON of an environment with the version before: it is upgraded under load"
    )
    parser.add_argument(
        "--failover", type=float, help="SECONDS after which the primary Postgres is killed, its standby promoted"
    )
    parser.add_argument("--only", help="kinds of faults, comma-separated; default: all")
    parser.add_argument("--report", type=Path, help="FILE.json and FILE.md are written")
    parser.add_argument("--keep", action="store_true", help="leave the folder with its logs, even when all is well")
    given = parser.parse_args(argv)
    seed = random.SystemRandom().randrange(10_000) if given.seed is None else given.seed
    # what people's own contexts have to say is in the ledgers
    logs.configure("error", "json")
    began = time.monotonic()

    def say(sentence: str) -> None:
        print(f"{time.strftime('%H:%M:%S')} {time.monotonic() - began:7.1f} seed {seed}: {sentence}", flush=True)

    only = tuple(given.only.split(",")) if given.only else ()
    plan = Plan(
        seed,
        given.seconds,
        given.requests_per_second,
        given.clients,
        only=only,
        keep=given.keep,
        mixed=given.mixed,
        before=given.before,
        failover=given.failover,
    )
    told = soak(plan, say, given.report)
    return 0 if not any(told["figures"].values()) else 1


if __name__ == "__main__":
    sys.exit(main())
