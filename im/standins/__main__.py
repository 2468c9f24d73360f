"""Pretended clouds on this machine, in one process: `python -m im.standins --state FOLDER`.

Which clouds, on which ports, and with which secret is in the environment, because arguments can be read by every user of the
machine: IM_SANDBOX_URL=hetzner=http://sandbox:SECRET@127.0.0.1:8081,… A name that is none of ours is somebody else's to serve.
Each cloud is loaded when it is first asked for anything.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from im.standins import SPEAK_GRPC
from im.standins.kept import Keeper
from im.standins.service import Worlds, server_on

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

CLOUDS = {
    "azure": "im.standins.azure:Azure",
    "crusoe": "im.standins.crusoe:Crusoe",
    "digitalocean": "im.standins.digitalocean:DigitalOcean",
    "gcp": "im.standins.gcp:Gcp",
    "hetzner": "im.standins.hetzner:Hetzner",
    "kubernetes": "im.standins.kubernetes:Kubernetes",
    "lambda": "im.standins.lambda_cloud:Lambda",
    "runpod": "im.standins.runpod:RunPod",
    "nebius": "im.standins.nebius:Nebius",
    "vast": "im.standins.vast:Vast",
}
SAVE_EVERY = 1.0
"""Seconds between looks at whether there is something to keep: what a kill -9 can lose."""
_REMEMBERED = 10_000


@dataclass
class Pretended:
    """One cloud, made when it is first called."""

    name: str
    secret: str
    host: str
    port: int
    state: Path
    _keeper: Keeper | None = None
    _service: Worlds | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        application: Any = self._made()
        answer: Iterable[bytes] = application(environ, start_response)
        return answer

    def service(self, details: Any) -> Any:
        """The handler of a call by gRPC."""
        speaks: Any = self._made()
        return speaks.service(details)

    def clock(self) -> datetime:
        return datetime.now(UTC)

    def save(self) -> None:
        if self._keeper is not None:
            self._keeper.save()

    def server(self, host: str) -> Any:
        """Bound and not yet serving."""
        if self.name not in SPEAK_GRPC:
            return server_on(host, self.port, self, (self.host,))
        from im.standins.grpc_service import GrpcServer

        return GrpcServer(host, self.port, self)

    def _made(self) -> Worlds:
        with self._lock:
            if self._service is None:
                module, _, kind = CLOUDS[self.name].partition(":")
                make: Callable[..., Worlds] = getattr(import_module(module), kind)
                service = make(self.secret)
                service.books.most = _REMEMBERED
                self._keeper = Keeper(service, self.state / f"{self.name}.pickle")
                print(f"{self.name}: {self._keeper.load()}", flush=True)
                self._service = service
            return self._service


def pretended(said: str, state: Path) -> list[Pretended]:
    """The clouds that `said` names and that are ours. Raises ValueError for one without a port or a secret."""
    found = []
    for one in filter(None, said.split(",")):
        name, _, url = one.strip().partition("=")
        if name not in CLOUDS:
            continue
        split = urlsplit(url)
        if split.hostname is None or split.port is None or not split.password:
            raise ValueError(f"the address of {name} is to be written as {name}=http://sandbox:SECRET@HOST:PORT")
        found.append(Pretended(name, unquote(split.password), split.hostname, split.port, state))
    return found


def main(argv: list[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(prog="python -m im.standins", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="loopback unless a container isolates it")
    parser.add_argument("--state", type=Path, required=True, help="folder the clouds are kept in")
    given = parser.parse_args(argv)
    try:
        clouds = pretended(os.environ.get("IM_SANDBOX_URL", ""), given.state)
    except ValueError as exc:
        print(exc, file=sys.stderr)
        return 2
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    servers = [cloud.server(given.host) for cloud in clouds]
    for cloud, server in zip(clouds, servers, strict=True):
        threading.Thread(target=server.serve_forever, name=cloud.name, daemon=True).start()
        print(f"{cloud.name} on http://{given.host}:{cloud.port}", flush=True)
    while not stop.wait(SAVE_EVERY):
        for cloud in clouds:
            cloud.save()
    for server in servers:
        server.shutdown()
        server.server_close()
    for cloud in clouds:
        cloud.save()
    return 0


if __name__ == "__main__":
    sys.exit(main())
