"""`python -m tests.standin --port 0`: the stand-in as a process; its first line says where it listens."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys

from tests.standin.cloud import Cloud
from tests.standin.server import Listener


async def _main(given: argparse.Namespace) -> None:
    over = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, over.set)
    cloud = Cloud(seed=given.seed, start=given.start, throttle=given.throttle)
    listener = Listener(cloud)
    await listener.open(given.host, given.port)
    print(f"http://{given.host}:{listener.port}", flush=True)
    await over.wait()
    await listener.close()


def main(argv: list[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(prog="python -m tests.standin", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0: any free one")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--start", type=float, help="seconds since the epoch; makes the clock a stepped one")
    parser.add_argument("--throttle", action="store_true", help="token buckets from the beginning")
    asyncio.run(_main(parser.parse_args(argv)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
