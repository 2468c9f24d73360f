"""Who may call Lambda's stand-in, how often, and what every refusal looks like."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

from werkzeug.wrappers import Request

from im.standins.lambda_cloud import instances, resources
from im.standins.lambda_cloud.errors import no
from im.standins.lambda_cloud.team import Team
from im.standins.service import Refusal, Service


class Lambda(Service):
    """`takes`: how long an instance takes to boot, and to end."""

    def register(self) -> None:
        instances.register(self)
        resources.register(self)

    def team(self, account: str) -> Team:
        """As it is now; made when it is first named."""
        with self.lock:
            found = self.world(account, lambda: Team(account, self.clock(), self.takes))
            found.settle(self.clock())
            return found

    def handle(self, method: str, rule: str, call: Callable[..., Any]) -> None:
        """`call` is given the team, one caller at a time, and the request; what it returns stands under `data`."""

        def one_at_a_time(account: str, request: Request, **parts: Any) -> tuple[int, Any]:
            with self.lock:
                told = call(self.team(account), request, **parts)
            return 200, {"data": told, **({"page_token": None} if rule == "/audit-events" else {})}

        self.route(method, f"/api/v1{rule}", one_at_a_time)

    def before(self, account: str, request: Request) -> dict[str, str]:
        """One call a second, and a launch each twelve: what is refused says nothing of when to come again."""
        with self.lock:
            team, now = self.team(account), self.clock()
            if not team.active:
                raise no(403, "global/account-inactive", "Your account is inactive.")
            launch = request.path.endswith("/instance-operations/launch")
            if not team.second.take(now) or (launch and not team.launches.take(now)):
                raise no(429, "global/rate-limited", "Too many requests.")
        return {}

    def token_in(self, request: Request) -> str:
        """Also as the user of basic authentication."""
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "basic":
            return super().token_in(request)
        try:
            return base64.b64decode(given).decode().partition(":")[0]
        except ValueError:
            return ""

    def not_let_in(self) -> Refusal:
        return no(401, "global/invalid-api-key", "API key was invalid, expired, or deleted.")

    def not_there(self) -> Refusal:
        return no(404, "global/not-found", "The requested resource was not found.")

    def code_of(self, body: Any) -> str:
        error = body.get("error") if isinstance(body, dict) else None
        return str(error.get("code", "")) if isinstance(error, dict) else str(body)
