"""One stand-in as a WSGI application: whose account it is, which function answers, and what is written in the books.

Who may ask at all is decided before, by `im.standins.admission`.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable, Collection, Iterable
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from threading import RLock, Thread
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from werkzeug.exceptions import HTTPException
from werkzeug.http import http_date
from werkzeug.routing import Map, Rule
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

from im.standins.admission import Admission
from im.standins.books import Books

if TYPE_CHECKING:
    from collections.abc import Iterator
    from wsgiref.types import StartResponse, WSGIEnvironment


World = TypeVar("World")


class Refusal(Exception):
    """An answer that is an error of the cloud's own."""

    def __init__(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        """`body`: JSON, or a text that is sent as it is."""
        super().__init__(str(body))
        self.status, self.body, self.headers = status, body, headers or {}


class Worlds:
    """What every stand-in holds, however it is called: its accounts, its clock, and the books of who has called."""

    def __init__(
        self, secret: str, clock: Callable[[], datetime] | None = None, takes: timedelta = timedelta(seconds=3)
    ) -> None:
        """`takes`: how long every transition lasts."""
        self.takes = takes
        self._clock = clock or (lambda: datetime.now(UTC))
        self.books = Books(self.clock)
        self.worlds: dict[str, Any] = {}
        """By account, all that there is in it: what is kept from one start to the next. Touched under `lock` alone."""
        self.lock = RLock()
        self._secret = secret

    def world(self, account: str, make: Callable[[], World]) -> World:
        """Made when the account is first named. Under `lock`."""
        if account not in self.worlds:
            self.worlds[account] = make()
        found: World = self.worlds[account]
        return found

    def clock(self) -> datetime:
        return self._clock()

    def account_of(self, token: str) -> str | None:
        """Tokens are `ACCOUNT.SECRET`: each account is a world of its own. None: not let in."""
        account, _, secret = token.rpartition(".")
        return account if account and hmac.compare_digest(secret.encode(), self._secret.encode()) else None


class Service(Worlds):
    """Routes of one cloud: `routes` maps (method, rule) to a function of (account, request, **parts) → (status, JSON body)."""

    def __init__(
        self, secret: str, clock: Callable[[], datetime] | None = None, takes: timedelta = timedelta(seconds=3)
    ) -> None:
        super().__init__(secret, clock, takes)
        self._rules: list[Rule] = []
        self._map: Map | None = None
        self.register()

    def register(self) -> None:
        """Name its routes."""

    def route(self, method: str, rule: str, call: Callable[..., tuple[int, Any]], *, websocket: bool = False) -> None:
        """`websocket`: for those who ask to go on with one, and nobody else."""
        self._rules.append(Rule(rule, methods=[method], endpoint=call, websocket=websocket))

    # ---- for each cloud to say in its own words ----

    def token_in(self, request: Request) -> str:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        return token.strip() if scheme.lower() == "bearer" else ""

    def not_let_in(self) -> Refusal:
        return Refusal(401, {"error": "unauthorized"})

    def not_there(self) -> Refusal:
        return Refusal(404, {"error": "not found"})

    def before(self, account: str, request: Request) -> dict[str, str]:
        """Called for each call that is let in: headers of every answer. May raise Refusal (limits)."""
        return {}

    def code_of(self, body: Any) -> str:
        """The word that stands for an error in the books."""
        return str(body)

    # ---- WSGI ----

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = Request(environ)
        headers: dict[str, str] = {}
        account = ""
        try:
            found = self.account_of(self.token_in(request))
            if found is None:
                raise self.not_let_in()
            account = found
            headers = self.before(account, request)
            fault = self.books.due(request.method, request.path)
            if fault is not None and not fault.after:
                raise Refusal(fault.status, fault.body)
            status, body = self._answer(account, request)
            if fault is not None:
                status, body = fault.status, fault.body
        except Refusal as refusal:
            status, body, headers = refusal.status, refusal.body, {**headers, **refusal.headers}
        self.books.write(account, request.method, request.path, status, self.code_of(body) if status >= 400 else "")
        if callable(body):  # an application of its own: it speaks something else than one answer
            spoken: Iterable[bytes] = body(environ, start_response)
            return spoken
        if isinstance(body, str):
            return Response(body, status, headers, mimetype="text/plain")(environ, start_response)
        text = b"" if body is None else json.dumps(body).encode()
        return Response(text, status, headers, mimetype="application/json")(environ, start_response)

    def _made_map(self) -> Map:
        try:
            return Map(self._rules)
        except SystemError:
            # CPython 3.11 may lose count of how deep it is (gh-106905) where werkzeug parses what it has written: once more
            return Map([_unbound(one) for one in self._rules])

    def _answer(self, account: str, request: Request) -> tuple[int, Any]:
        with self.lock:  # the first two calls may come at once, and rules are bound to one map
            if self._map is None:
                self._map = self._made_map()
        try:
            call, parts = self._map.bind_to_environ(request.environ).match()
        except HTTPException:
            raise self.not_there() from None
        answered: tuple[int, Any] = call(account, request, **parts)
        return answered


def _unbound(rule: Rule) -> Rule:
    """The same rule, for another map."""
    fresh = rule.empty()
    fresh.websocket = rule.websocket  # which werkzeug's own copy forgets
    return fresh


class Timed(Protocol):
    """A WSGI application that has a clock of its own."""

    def clock(self) -> datetime: ...

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]: ...


def server_on(host: str, port: int, application: Timed, names: Collection[str] = ()) -> BaseWSGIServer:
    """A server, bound and not yet serving; port 0 for any. `names`: what it is called by, beside loopback's own names."""

    class Quiet(WSGIRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 60  # seconds that a connection may say nothing

        def date_time_string(self, timestamp: float | None = None) -> str:
            """Of the clock by which the books are kept: a cloud tells its own time."""
            return http_date(application.clock())

        def log(self, type: str, message: str, *args: Any) -> None:  # the parent's own name
            pass

    admitted = Admission(lambda _: application, names)
    return make_server(host, port, admitted, threaded=True, request_handler=Quiet)


@contextmanager
def serving(service: Timed, port: int = 0) -> Iterator[str]:
    """Serve on loopback in a thread; yields the address. `port` 0: any free one."""
    server = server_on("127.0.0.1", port, service)
    # a second of serve_forever's own pace has two looks at whether it should end: whoever closes it would wait for the next
    thread = Thread(target=server.serve_forever, args=(0.02,), name="stand-in", daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
