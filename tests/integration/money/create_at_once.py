"""python -m tests.integration.money.create_at_once DATABASE_URL NOW COUNT: so many processes create a machine each, at one moment.

Each tells `created` or `refused`.
"""

from __future__ import annotations

import os
import sys
from datetime import datetime

from im.domain.errors import OverLimit
from tests.world import World


def main(database_url: str, now: str, count: int) -> int:
    gate, opens = os.pipe()
    children = []
    for number in range(count):
        child = os.fork()  # before there is a connection or a thread
        if child == 0:
            os.close(opens)
            os._exit(_create(database_url, now, number, gate))
        children.append(child)
    os.close(opens)  # everybody reads its end: go
    ends = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    for end in ends:
        print({0: "created", 6: "refused"}.get(end, f"failed with {end}"))
    return 0


def _create(database_url: str, now: str, number: int, gate: int) -> int:
    try:
        world = World(database_url)
        world.now = datetime.fromisoformat(now)
        os.read(gate, 1)
        world.create(f"web-{number}", seconds=3600)
    except OverLimit:
        return 6
    except BaseException as exc:
        print(f"{type(exc).__name__}: {exc}", file=sys.stderr, flush=True)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
