"""Who may call the cluster's stand-in, and which address answers what."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from werkzeug.wrappers import Request

from im.standins.kubernetes import discovery, exec, verbs
from im.standins.kubernetes.cluster import Cluster
from im.standins.kubernetes.errors import no, status
from im.standins.service import Refusal, Service


class Kubernetes(Service):
    """`takes`: how long a pod's start takes, and its end at most."""

    def register(self) -> None:
        verbs.register(self)
        exec.register(self)
        discovery.register(self)

    def cluster(self, account: str) -> Cluster:
        """As it is now; made when it is first named."""
        with self.lock:
            found = self.world(account, lambda: Cluster(account, self.clock(), self.takes))
            found.settle(self.clock())
            return found

    def handle(
        self, method: str, rule: str, call: Callable[..., tuple[int, Any]], *, websocket: bool = False, **said: str
    ) -> None:
        """`call` is given the cluster, one caller at a time, and the request."""

        def one_at_a_time(account: str, request: Request, **parts: Any) -> tuple[int, Any]:
            with self.lock:
                return call(self.cluster(account), request, **said, **parts)

        self.route(method, rule, one_at_a_time, websocket=websocket)

    def before(self, account: str, request: Request) -> dict[str, str]:
        """Priority and fairness answers in plain text."""
        with self.lock:
            cluster = self.cluster(account)
            full = cluster.bucket is not None and not cluster.bucket.take(self.clock())
        if full:
            raise Refusal(429, "Too many requests, please try again later.\n", {"Retry-After": "1"})
        return {}

    def not_let_in(self) -> Refusal:
        return no(401, "Unauthorized")

    def not_there(self) -> Refusal:
        return Refusal(404, status(404, "the server could not find the requested resource"))

    def code_of(self, body: Any) -> str:
        return str(body.get("reason", "")) if isinstance(body, dict) else str(body)
