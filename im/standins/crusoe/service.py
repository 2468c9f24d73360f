"""Who may call Crusoe's stand-in: whoever signs with the secret of his key; and how often."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, quote_plus

from werkzeug.wrappers import Request

from im.standins.crusoe import instances, resources
from im.standins.crusoe.errors import no, not_found
from im.standins.crusoe.project import Project
from im.standins.service import Refusal, Service


class Crusoe(Service):
    """An access key id is the name of an account; its secret is ours, written as Crusoe writes secrets. `takes`: how long an
    operation lasts."""

    def register(self) -> None:
        instances.register(self)
        resources.register(self)

    def project(self, account: str) -> Project:
        """As it is now; made when it is first named."""
        with self.lock:
            found = self.world(account, lambda: Project(account, self.clock(), self.takes))
            found.settle(self.clock())
            return found

    def handle(self, method: str, rule: str, call: Callable[..., Any]) -> None:
        """Of a project; `call` is given it, one caller at a time, and the request."""

        def of_project(project: Project, request: Request, of: str, **parts: Any) -> Any:
            if of != project.id:
                raise not_found("project")
            return call(project, request, **parts)

        self.handle_anywhere(method, f"/projects/<of>{rule}", of_project)

    def handle_anywhere(self, method: str, rule: str, call: Callable[..., Any]) -> None:
        def one_at_a_time(account: str, request: Request, **parts: Any) -> tuple[int, Any]:
            with self.lock:
                return 200, call(self.project(account), request, **parts)

        self.route(method, f"/v1{rule}", one_at_a_time)

    def token_in(self, request: Request) -> str:
        """The account, if the request is signed for it; as the published clients sign: path, query, verb and time, each a line."""
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        version, _, rest = given.partition(":")
        account, _, signature = rest.rpartition(":")
        at = request.headers.get("X-Crusoe-Timestamp", "")
        if scheme != "Bearer" or version != "1.0" or not account:
            return ""
        pairs = sorted(parse_qsl(request.query_string.decode(), keep_blank_values=True))
        query = "&".join(f"{quote_plus(name)}={quote_plus(value)}" for name, value in pairs)
        lines = (request.path, query, request.method, at, "")
        made = hmac.digest(self._secret.encode(), "\n".join(lines).encode(), hashlib.sha256)
        wanted = base64.urlsafe_b64encode(made).decode().rstrip("=")
        if not hmac.compare_digest(wanted, signature) or not self._in_time(account, at):
            return ""
        return f"{account}.{self._secret}"

    def _in_time(self, account: str, at: str) -> bool:
        skew = self.project(account).skew
        try:
            return skew is None or abs(self.clock() - datetime.fromisoformat(at)) <= skew
        except (ValueError, TypeError):
            return False

    def before(self, account: str, request: Request) -> dict[str, str]:
        with self.lock:
            if not self.project(account).calls.take(self.clock()):
                raise no(429, "too_many_requests", "too many requests")
        return {}

    def not_let_in(self) -> Refusal:
        return Refusal(401, {"code": "401", "message": "bad_credential"})

    def not_there(self) -> Refusal:
        return not_found("resource")

    def code_of(self, body: Any) -> str:
        return str(body.get("code", "")) if isinstance(body, dict) else str(body)
