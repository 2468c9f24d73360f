"""Who may call Hetzner's stand-in, how often, and what all answers have in common: pages, selectors, limits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from werkzeug.wrappers import Request

from im.standins.hetzner import catalog, resources, servers
from im.standins.hetzner.errors import no
from im.standins.hetzner.labels import selects
from im.standins.hetzner.project import Project
from im.standins.service import Refusal, Service

MOST = 50
"""Things on one page at most; 25 when nothing is said."""


class Hetzner(Service):
    """`takes`: how long every transition lasts."""

    def __init__(
        self,
        secret: str,
        clock: Callable[[], datetime] | None = None,
        takes: timedelta = timedelta(seconds=3),
    ) -> None:
        super().__init__(secret, clock)
        self.takes = takes
        servers.register(self)
        resources.register(self)

    def project(self, account: str) -> Project:
        """As it is now; made when it is first named."""
        with self.lock:
            if account not in self.worlds:
                self.worlds[account] = Project(self.clock(), self.takes)
            found: Project = self.worlds[account]
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


def page(request: Request, name: str, things: Sequence[dict[str, Any]]) -> tuple[int, dict[str, Any]]:
    """Those that the query asks for by name and label, by id, a page of them."""
    wanted = request.args
    found = sorted(things, key=lambda one: one["id"])
    if "name" in wanted:
        found = [one for one in found if one["name"] == wanted["name"]]
    if selector := wanted.get("label_selector"):
        found = [one for one in found if selects(selector, one["labels"])]
    for one in ("status", "fingerprint", "architecture", "type"):
        if among := wanted.getlist(one):
            found = [thing for thing in found if thing.get(one) in among]
    try:
        number, size = int(wanted.get("page", 1)), int(wanted.get("per_page", 25))
    except ValueError:
        raise no(400, "invalid_input", "invalid input in fields 'page' and 'per_page'") from None
    size = min(max(size, 1), MOST)
    last = max(1, -(-len(found) // size))
    pagination = {
        "page": number,
        "per_page": size,
        "previous_page": number - 1 if number > 1 else None,
        "next_page": number + 1 if number < last else None,
        "last_page": last,
        "total_entries": len(found),
    }
    return 200, {name: found[(number - 1) * size : number * size], "meta": {"pagination": pagination}}


def catalog_pages(project: Project, request: Request, what: str) -> tuple[int, Any]:
    match what:
        case "locations":
            return page(request, what, [catalog.location(name) for name in catalog.LOCATIONS])
        case "server_types":
            lacking = frozenset(project.lacking)
            return page(request, what, [catalog.server_type(name, lacking) for name in catalog.TYPES])
        case _:
            return page(request, what, catalog.images())
