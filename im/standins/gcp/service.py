"""Who may call Google's stand-in, how often, with which permissions, and what of an answer is sent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from werkzeug.wrappers import Request

from im.standins.gcp import errors, machines, resources, tasks
from im.standins.gcp.asked import project_needs
from im.standins.gcp.masks import masked, parse
from im.standins.gcp.project import Project
from im.standins.service import Refusal, Service


class Gcp(Service):
    """`takes`: how long every transition lasts. A token's account is the id of its project."""

    def register(self) -> None:
        machines.register(self)
        resources.register(self)
        tasks.register(self)

    def project(self, account: str) -> Project:
        """As it is now; made when it is first named."""
        with self.lock:
            found = self.world(account, lambda: Project(account, self.clock(), self.takes))
            tasks.fire(found, self.clock(), self.books.write)
            found.settle(self.clock())
            return found

    def handle(self, method: str, rule: str, call: Callable[..., tuple[int, Any]], permission: str) -> None:
        """`call` is given the project, one caller at a time, and the request."""

        def one_at_a_time(account: str, request: Request, project: str, **parts: Any) -> tuple[int, Any]:
            with self.lock:
                found = self.project(account)
                if project != account:
                    raise errors.lacking(permission, f"projects/{project}")
                project_needs(found, permission, f"projects/{project}")
                if not found.window(
                    *("reads", found.reads_a_minute) if method == "GET" else ("writes", found.writes_a_minute)
                ):
                    raise _too_often(method)
                status, answer = call(found, request, **parts)
                return status, _asked_for(request, answer)

        self.route(method, f"/compute/v1/projects/<project>{rule}", one_at_a_time)

    def beside(self, method: str, rule: str, call: Callable[..., tuple[int, Any]]) -> None:
        """Another API of Google's."""

        def one_at_a_time(account: str, request: Request, **parts: Any) -> tuple[int, Any]:
            with self.lock:
                status, answer = call(self.project(account), request)
                return status, _asked_for(request, answer)

        self.route(method, rule, one_at_a_time)

    def apart(self, method: str, rule: str, call: Callable[..., tuple[int, Any]], permission: str) -> None:
        """Another API of Google's, of what is in the project. `permission` may be empty."""

        def one_at_a_time(account: str, request: Request, project: str, **parts: Any) -> tuple[int, Any]:
            with self.lock:
                found = self.project(account)
                if permission:
                    found.used.add(permission)
                    lacks = found.granted is not None and permission not in found.granted
                    if lacks or project != account:
                        raise tasks.lacks(permission, found)
                status, answer = call(found, request, **parts)
                return status, _asked_for(request, answer)

        self.route(method, rule, one_at_a_time)

    def not_let_in(self) -> Refusal:
        message = "Request had invalid authentication credentials. Expected OAuth 2 access token."
        return errors.no(401, "authError", message)

    def not_there(self) -> Refusal:
        return errors.no(404, "notFound", "Not Found")

    def code_of(self, body: Any) -> str:
        error = body.get("error") if isinstance(body, dict) else None
        return str(error["errors"][0]["reason"]) if isinstance(error, dict) and error.get("errors") else str(body)


def _asked_for(request: Request, answer: Any) -> Any:
    try:
        return masked(answer, parse(request.args.get("fields", "")))
    except ValueError as exc:
        raise errors.no(400, "invalidParameter", f"Invalid field selection: {exc}") from None


def _too_often(method: str) -> Refusal:
    group = "Read requests" if method == "GET" else "Queries"
    message = (
        f"Quota exceeded for quota metric '{group}' and limit '{group} per minute' of service 'compute.googleapis.com'"
    )
    return errors.no(403, "rateLimitExceeded", message, "RATE_LIMIT_EXCEEDED", "usageLimits")
