"""Who may call Hetzner's stand-in, how often, and what every refusal looks like."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from werkzeug.wrappers import Request

from im.standins.hetzner import images, resources, servers
from im.standins.hetzner.errors import no
from im.standins.hetzner.project import Project
from im.standins.service import Refusal, Service


class Hetzner(Service):
    """`takes`: how long every transition lasts."""

    def register(self) -> None:
        servers.register(self)
        resources.register(self)
        images.register(self)

    def project(self, account: str) -> Project:
        """As it is now; made when it is first named."""
        with self.lock:
            found = self.world(account, lambda: Project(self.clock(), self.takes))
            found.settle(self.clock())
            return found

    def handle(self, method: str, rule: str, call: Callable[..., tuple[int, Any]]) -> None:
        """`call` is given the project, one caller at a time, and the request."""

        def one_at_a_time(account: str, request: Request, **parts: Any) -> tuple[int, Any]:
            with self.lock:
                project = self.project(account)
                if method != "GET" and project.read_only:
                    raise no(403, "token_readonly", "the token is only allowed to perform GET requests")
                return call(project, request, **parts)

        self.route(method, f"/v1{rule}", one_at_a_time)

    def before(self, account: str, request: Request) -> dict[str, str]:
        with self.lock:
            bucket, now = self.project(account).bucket, self.clock()
            granted = bucket.take(now)
            headers = {
                "RateLimit-Limit": str(int(bucket.size)),
                "RateLimit-Remaining": str(int(bucket.left)),
                "RateLimit-Reset": str(int(now.timestamp() + bucket.seconds_to_full)),
            }
        if not granted:
            raise Refusal(429, _body("rate_limit_exceeded", "limit of 3600 requests per hour reached"), headers)
        return headers

    def not_let_in(self) -> Refusal:
        return no(401, "unauthorized", "unable to authenticate")

    def not_there(self) -> Refusal:
        return no(404, "not_found", "resource not found")

    def code_of(self, body: Any) -> str:
        return str(body["error"].get("code", "")) if isinstance(body.get("error"), dict) else str(body)


def _body(code: str, message: str) -> dict[str, Any]:
    return {"error": {"code": code, "message": message, "details": None}}
