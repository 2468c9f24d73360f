"""Who may call RunPod's stand-in, how often, and what every refusal looks like; and what is no pod."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil
from typing import Any

from werkzeug.wrappers import Request

from im.standins.runpod import catalog, pods
from im.standins.runpod.account import Account
from im.standins.runpod.errors import no
from im.standins.service import Refusal, Service


class RunPod(Service):
    """`takes`: how long a pod takes to run; its port is mapped half as long after that."""

    def register(self) -> None:
        pods.register(self)
        self.handle("GET", "/catalog/gpus", _gpus)
        self.handle("GET", "/catalog/cpus", _cpus)
        self.handle("GET", "/catalog/datacenters", _centers)
        self.handle("GET", "/network-volumes", lambda a, request: (200, {"networkVolumes": list(a.volumes.values())}))
        self.handle("POST", "/graphql", _asked, "")

    def account(self, name: str) -> Account:
        """As it is now; made when it is first named."""
        with self.lock:
            found = self.world(name, lambda: Account(name, self.clock(), self.takes))
            found.settle(self.clock())
            return found

    def handle(self, method: str, rule: str, call: Callable[..., tuple[int, Any]], version: str = "/v2") -> None:
        """`call` is given the account, one caller at a time, and the request."""

        def one_at_a_time(name: str, request: Request, **parts: Any) -> tuple[int, Any]:
            with self.lock:
                return call(self.account(name), request, **parts)

        self.route(method, f"{version}{rule}", one_at_a_time)

    def before(self, account: str, request: Request) -> dict[str, str]:
        """How much is left, in the words of a draft of the IETF's."""
        with self.lock:
            asked, now = self.account(account), self.clock()
            let = asked.minute.take(now) and asked.hour.take(now)
            left = {
                "RateLimit": f'"minute";r={int(asked.minute.left)};t=60, "hour";r={int(asked.hour.left)};t=3600',
                "RateLimit-Policy": '"minute";q=60;w=60, "hour";q=3000;w=3600',
            }
        if not let:
            wait = ceil(1 / asked.minute.per_second)
            raise no(429, "rate limit exceeded", headers={**left, "Retry-After": str(wait)})
        return left

    def not_let_in(self) -> Refusal:
        return no(401, "missing bearer token")

    def not_there(self) -> Refusal:
        return no(404, "resource not found")

    def code_of(self, body: Any) -> str:
        return str(body.get("detail", "")) if isinstance(body, dict) else str(body)


def _gpus(account: Account, request: Request) -> tuple[int, Any]:
    return 200, {"gpus": [catalog.gpu(one) for one in catalog.GPUS.values()]}


def _cpus(account: Account, request: Request) -> tuple[int, Any]:
    return 200, {"cpus": [catalog.cpu(one) for one in catalog.CPUS]}


def _centers(account: Account, request: Request) -> tuple[int, Any]:
    include = request.args.get("include", "").split(",")
    told = []
    for name in catalog.CENTERS:
        one = catalog.center(name)
        if "GPU_AVAILABILITY" in include:
            one["gpuAvailability"] = [
                {"id": gpu.id, "name": gpu.name, "availability": "HIGH" if name in account.stock(gpu.id) else "NONE"}
                for gpu in catalog.GPUS.values()
            ]
        if "CPU_AVAILABILITY" in include:
            one["cpuAvailability"] = [
                {"id": flavor, "name": catalog.CPUS[flavor][0], "availability": "MEDIUM"} for flavor in catalog.CPUS
            ]
        told.append(one)
    return 200, {"dataCenters": told}


def _asked(account: Account, request: Request) -> tuple[int, Any]:
    """GraphQL, of the API before this one: whose key it is, and nothing else."""
    asked = request.get_json(silent=True)
    if not isinstance(asked, dict) or "myself" not in str(asked.get("query")):
        return 200, {"errors": [{"message": "this stand-in knows myself alone"}]}
    told = {"id": f"user_{account.name.encode().hex()[:24]}", "pubKey": "", "networkVolumes": []}
    return 200, {"data": {"myself": told}}
