"""The websocket of one `exec`: the address that asks for it, and what it means when the cluster does not let us in."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from im.providers.errors import Forbidden, ProviderError, Unavailable
from im.providers.kit.http import Answer, by_status
from im.providers.kubernetes.access.link import Way
from im.providers.kubernetes.entry.channels import V4, V5
from im.providers.kubernetes.errors import CLOUD, translate

if TYPE_CHECKING:
    from websockets.sync.client import ClientConnection

_ALLOW = "whoever logs in needs both get and create of pods/exec in this namespace"
_OPEN, _PING, _SILENT = 10.0, 20.0, 60.0
"""Seconds: until it is there, between two signs of life, and without one until it counts as broken."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be run, and where."""

    namespace: str
    pod: str
    command: Sequence[str]
    container: str = ""
    stdin: bool = False
    tty: bool = False

    @property
    def path(self) -> str:
        said = [("command", one) for one in self.command]
        said += [("container", self.container)] if self.container else []
        # a terminal has one stream for both
        there = {"stdin": self.stdin, "stdout": True, "stderr": not self.tty, "tty": self.tty}
        said += [(name, "true") for name, wanted in there.items() if wanted]
        return f"/api/v1/namespaces/{quote(self.namespace)}/pods/{quote(self.pod)}/exec?{urlencode(said)}"


def connect(way: Way, wanted: Wanted) -> ClientConnection:
    """Raises ProviderError: nothing has run then."""
    from websockets.exceptions import InvalidHandshake, InvalidStatus
    from websockets.sync import client
    from websockets.typing import Subprotocol

    try:
        return client.connect(
            f"ws{way.url.removeprefix('http')}{wanted.path}",
            subprotocols=[Subprotocol(V5), Subprotocol(V4)],
            additional_headers={**way.headers()},
            user_agent_header="im",
            ssl=way.tls,
            server_hostname=(way.name or None) if way.tls else None,
            proxy=way.proxy or True,
            compression=None,
            max_size=None,
            open_timeout=_OPEN,
            ping_interval=_PING,  # what is silent is cut off by load balancers
            ping_timeout=_SILENT,
        )
    except InvalidStatus as exc:
        raise _refused(exc.response.status_code, bytes(exc.response.body or b"")) from exc
    except (InvalidHandshake, OSError) as exc:
        raise Unavailable(f"{CLOUD} cannot be reached ({type(exc).__name__})") from exc


def _refused(status: int, body: bytes) -> ProviderError:
    try:
        told = json.loads(body)
    except ValueError:
        told = None
    answer = Answer(status, told, {})
    made = translate(answer, False) or by_status(CLOUD, answer, mutating=False)
    # the right to `get` alone is refused without a word of what is missing
    return Forbidden(f"{made.message}; {_ALLOW}") if isinstance(made, Forbidden) else made
