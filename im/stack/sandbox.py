"""The sandbox cloud: moto's server on loopback, whose machines outlive a restart. Run as `python -m im.stack.sandbox`.

moto keeps everything in memory. Its EC2 backends pickle whole (1 MB, 15 ms), so they are saved within a second of each
change and at SIGTERM, and loaded at start. Only EC2 is kept: nothing else that `im` asks of a cloud has a state.
"""

from __future__ import annotations

import argparse
import io
import os
import pickle
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

SAVE_EVERY = 1.0
"""Seconds between looks at whether there is something to save: what a kill -9 of the sandbox can lose."""
_READS = ("Describe", "Get", "List")


class Keeper:
    """Holds moto's EC2 still while it answers or is saved: moto itself is not made for several threads."""

    def __init__(self, path: Path) -> None:
        self.lock = threading.RLock()
        self._path = path
        self.changed = False

    def load(self) -> str:
        """Bring back what was saved; returns what happened, in words. A file of no use is set aside, never deleted."""
        try:
            kept = pickle.loads(self._path.read_bytes())  # noqa: S301 - our own file, 0600 in a private folder
            if kept["moto"] != version("moto"):
                raise ValueError(f"saved by moto {kept['moto']}, this is {version('moto')}")
            regions = pickle.loads(kept["ec2"])  # noqa: S301 - as above
        except FileNotFoundError:
            return "an empty cloud"
        except Exception as exc:  # unpickling can raise anything at all, and none of it may keep the stack down
            aside = self._path.with_suffix(".unreadable")
            self._path.replace(aside)
            return f"an empty cloud: the saved one cannot be read ({exc}) and was set aside as {aside}"
        for (account, region), backend in regions.items():
            _ec2()[account][region] = backend
        return f"the saved cloud: {sum(_machines(backend) for backend in regions.values())} machines"

    def save(self) -> None:
        """Write the state, whole or not at all."""
        with self.lock:
            self.changed = False
            regions = {(account, region): backend for account, region, backend in _ec2().iter_backends()}
            saved = pickle.dumps({"moto": version("moto"), "ec2": pickle.dumps(regions, protocol=5)})
        fresh = self._path.with_suffix(".new")
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
            out.write(saved)
        fresh.replace(self._path)


class Logged:
    """WSGI middleware: one request at a time, and one line for each that changes something."""

    def __init__(self, app: Callable[..., Iterable[bytes]], keeper: Keeper) -> None:
        self._app = app
        self._keeper = keeper

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        # read before the lock is taken: a slow sender must not hold up the others
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
        action = _action(environ, body)
        statuses: list[str] = []

        def answered(status: str, *rest: Any) -> Any:
            statuses.append(status)
            return start_response(status, *rest)

        began = time.monotonic()
        with self._keeper.lock:
            reply = list(self._app(environ, answered))
            if not action.startswith(_READS):
                self._keeper.changed = True
        status = (statuses or ["?"])[-1]
        if action and (not action.startswith(_READS) or not status.startswith("2")):
            print(f"{action} → {status} ({(time.monotonic() - began) * 1000:.0f} ms)", flush=True)
        return reply


def _action(environ: dict[str, Any], body: bytes) -> str:
    """The API call's name: in the form of the query protocol, in a header of the JSON one."""
    target = str(environ.get("HTTP_X_AMZ_TARGET", ""))
    if target:
        return target.rpartition(".")[2]
    return parse_qs(body.decode("utf-8", "replace")).get("Action", [""])[0]


def _ec2() -> Any:
    from moto.backends import get_backend

    return get_backend("ec2")


def _machines(backend: Any) -> int:
    return sum(len(reservation.instances) for reservation in backend.reservations.values())


def _serve(host: str, port: int, keeper: Keeper) -> Any:
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
    from werkzeug.serving import make_server

    class Quiet(MotoRequestHandler):
        def log_request(self, *_: Any, **__: Any) -> None:
            """`Logged` says it better."""

    app = Logged(DomainDispatcherApplication(create_backend_app), keeper)
    return make_server(host, port, app, threaded=True, request_handler=Quiet)


def main(argv: list[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(prog="python -m im.stack.sandbox", description=__doc__)
    parser.add_argument(
        "--host", default="127.0.0.1", help="address it listens on; loopback unless a container isolates it"
    )
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--state", type=Path, required=True, help="file the machines are kept in")
    parser.add_argument("--region", default=os.environ.get("AWS_REGION", "us-east-1"))
    given = parser.parse_args(argv)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    keeper = Keeper(given.state)
    print(f"sandbox cloud on http://{given.host}:{given.port} with {keeper.load()}", flush=True)
    server = _serve(given.host, given.port, keeper)
    serving = threading.Thread(target=server.serve_forever, daemon=True)
    serving.start()
    from moto.core.models import DEFAULT_ACCOUNT_ID

    with keeper.lock:
        _ec2()[DEFAULT_ACCOUNT_ID][given.region]  # the first touch takes 2 s: not at the cost of the first request
    while not stop.wait(SAVE_EVERY):
        if keeper.changed:
            keeper.save()
    server.shutdown()
    server.server_close()
    keeper.save()
    return 0


if __name__ == "__main__":
    sys.exit(main())
