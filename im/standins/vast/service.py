"""Who may call Vast's stand-in, how far apart calls have to be, and what every refusal looks like."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from werkzeug.wrappers import Request

from im.standins.service import Refusal, Service
from im.standins.vast import instances, market
from im.standins.vast.errors import no, too_often
from im.standins.vast.renter import Renter

APART = {"list": 1.0, "show": 2.0, "take": 4.5, "destroy": 3.0, "change": 1.0, "search": 0.5, "other": 0.5}
"""Seconds between two calls of a kind by one caller."""
_PLAIN = ("list", "show")
"""Of which a refusal is a text, and no JSON."""


class Vast(Service):
    """`takes`: how long an instance takes to load, and to stop."""

    def register(self) -> None:
        market.register(self)
        instances.register(self)

    def renter(self, account: str) -> Renter:
        """As it is now; made when it is first named."""
        with self.lock:
            found = self.world(account, lambda: Renter(account, self.clock(), self.takes))
            found.settle(self.clock())
            return found

    def handle(self, method: str, rule: str, kind: str, call: Callable[..., Any]) -> None:
        """`call` is given the renter, one caller at a time, and the request; a slash at the end makes no difference."""

        def one_at_a_time(account: str, request: Request, **parts: Any) -> tuple[int, Any]:
            with self.lock:
                renter = self.renter(account)
                self._pace(renter, kind)
                return 200, call(renter, request, **parts)

        self.route(method, rule, one_at_a_time)
        self.route(method, f"{rule}/", one_at_a_time)

    @staticmethod
    def _pace(renter: Renter, kind: str) -> None:
        last = renter.called.get(kind)
        if last is not None and renter.now - last < timedelta(seconds=APART[kind]) and not renter.unhurried:
            raise too_often(APART[kind], plain=kind in _PLAIN)
        renter.called[kind] = renter.now

    def not_let_in(self) -> Refusal:
        return no(401, "auth_error", "Invalid user key")

    def not_there(self) -> Refusal:
        return no(404, "not_found", "there is nothing at this path")

    def code_of(self, body: Any) -> str:
        return str(body.get("error") or body.get("detail") or "") if isinstance(body, dict) else str(body)
