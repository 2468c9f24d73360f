"""Who may call DigitalOcean's stand-in, how often, and what every refusal looks like."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from werkzeug.wrappers import Request

from im.standins.digitalocean import droplets, resources, snapshots
from im.standins.digitalocean.errors import no, not_found
from im.standins.digitalocean.team import Team
from im.standins.service import Refusal, Service


class DigitalOcean(Service):
    """`takes`: how long every action lasts."""

    def register(self) -> None:
        droplets.register(self)
        resources.register(self)
        snapshots.register(self)

    def team(self, account: str) -> Team:
        """As it is now; made when it is first named."""
        with self.lock:
            found = self.world(account, lambda: Team(account, self.clock(), self.takes))
            found.settle(self.clock())
            return found

    def handle(self, method: str, rule: str, call: Callable[..., tuple[int, Any]], *scopes: str) -> None:
        """`call` is given the team, one caller at a time, and the request; its token has to have `scopes`."""

        def one_at_a_time(account: str, request: Request, **parts: Any) -> tuple[int, Any]:
            with self.lock:
                team = self.team(account)
                team.need(*scopes)
                return call(team, request, **parts)

        self.route(method, f"/v2{rule}", one_at_a_time)

    def before(self, account: str, request: Request) -> dict[str, str]:
        """5,000 calls an hour and 250 a minute; only the shorter one says when to come again."""
        with self.lock:
            team, now = self.team(account), self.clock()
            hour, minute = team.hour.take(now), team.minute.take(now)
            headers = {
                "ratelimit-limit": str(int(team.hour.size)),
                "ratelimit-remaining": str(int(team.hour.left)),
                "ratelimit-reset": str(int(now.timestamp() + team.hour.seconds_to_full)),
            }
        if not minute:
            raise no(429, "Too many requests", {**headers, "Retry-After": "2"})
        if not hour:
            raise no(429, "API rate limit exceeded.", headers)
        return headers

    def not_let_in(self) -> Refusal:
        return no(401, "Unable to authenticate you")

    def not_there(self) -> Refusal:
        return not_found()

    def code_of(self, body: Any) -> str:
        return str(body.get("id", "")) if isinstance(body, dict) else str(body)
