"""One stand-in that speaks gRPC, as `im.standins.service` does for those that speak HTTP: who calls, what answers, and the books.

No page in a browser can speak it, so that nothing but the token has to be proven.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Event, Thread
from typing import Any, Protocol

import grpc

from im.standins.admission import LARGEST
from im.standins.service import Worlds

HANDS = 8
"""Calls at the same time."""
_READS = ("Get", "List", "Batch", "Estimate")


class GrpcRefusal(Exception):
    """An answer that is an error of the cloud's own. `details` stand in `grpc-status-details-bin`; `word` in the books."""

    def __init__(self, code: grpc.StatusCode, message: str, details: bytes = b"", word: str = "") -> None:
        super().__init__(message)
        self.code, self.message, self.details, self.word = code, message, details, word or code.name


@dataclass(frozen=True, slots=True)
class Asked:
    """One call that was let in."""

    account: str
    message: Any
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Rpc:
    takes: Callable[[bytes], Any]
    call: Callable[[Asked], Any]


class GrpcService(Worlds):
    """Calls of one cloud, by their full names (`/package.Service/Method`)."""

    def __init__(
        self, secret: str, clock: Callable[[], datetime] | None = None, takes: timedelta = timedelta(seconds=3)
    ) -> None:
        super().__init__(secret, clock, takes)
        self._rpcs: dict[str, _Rpc] = {}
        self.carried_out: Callable[[], None] = lambda: None
        """Called after each call that may have changed something, before it is answered."""
        self.register()

    def register(self) -> None:
        """Name its calls."""

    def rpc(self, name: str, takes: Any, call: Callable[[Asked], Any]) -> None:
        """`takes`: the class of the message that it is called with; `call` returns one, or raises GrpcRefusal."""
        self._rpcs[name] = _Rpc(takes.FromString, call)

    # ---- for each cloud to say in its own words ----

    def is_open(self, name: str) -> bool:
        """May it be called without a token?"""
        return False

    def before(self, account: str, name: str) -> None:
        """Called for each call that is let in. May raise GrpcRefusal (limits)."""

    # ---- gRPC ----

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler[Any, Any] | None:
        """None: there is no such call."""
        rpc = self._rpcs.get(details.method)
        if rpc is None:
            return None
        headers = {str(key).lower(): str(value) for key, value in details.invocation_metadata or ()}
        return grpc.unary_unary_rpc_method_handler(
            lambda message, context: self._answer(details.method, rpc, Asked("", message, headers), context),
            request_deserializer=rpc.takes,
            response_serializer=lambda message: message.SerializeToString(),
        )

    def _answer(self, name: str, rpc: _Rpc, asked: Asked, context: grpc.ServicerContext) -> Any:
        changes = not name.rpartition("/")[2].startswith(_READS)
        account, method = "", "POST" if changes else "GET"
        try:
            scheme, _, token = asked.headers.get("authorization", "").partition(" ")
            found = self.account_of(token.strip()) if scheme.lower() == "bearer" else None
            if found is None and not self.is_open(name):
                raise GrpcRefusal(grpc.StatusCode.UNAUTHENTICATED, "the token is not known")
            account = found or ""
            fault = self.books.due(method, name)
            if fault is not None and not fault.after:
                raise _planned(fault.status, fault.body)
            with self.lock:
                self.before(account, name)
                answer = rpc.call(Asked(account, asked.message, asked.headers))
            if fault is not None:
                raise _planned(fault.status, fault.body)
        except GrpcRefusal as refusal:
            self.books.write(account, method, name, 400, refusal.word)
            if changes:
                self.carried_out()
            if refusal.details:
                context.set_trailing_metadata((("grpc-status-details-bin", refusal.details),))
            context.abort(refusal.code, refusal.message)
        self.books.write(account, method, name, 200, "")
        if changes:
            self.carried_out()
        return answer


def _planned(number: int, body: Mapping[str, Any]) -> GrpcRefusal:
    """A planned fault's status is gRPC's number of it."""
    code = next(one for one in grpc.StatusCode if one.value[0] == number)
    return GrpcRefusal(code, str(body.get("message", code.name)), body.get("details", b""))


class Answers(Protocol):
    """Whatever names the handler of a call."""

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler[Any, Any] | None: ...


class _Handler(grpc.GenericRpcHandler):
    def __init__(self, answers: Answers) -> None:
        self._answers = answers

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler[Any, Any] | None:
        return self._answers.service(handler_call_details)


class GrpcServer:
    """Bound and not yet serving; it is used as werkzeug's servers are. Port 0 for any."""

    def __init__(self, host: str, port: int, answers: Answers) -> None:
        options = [("grpc.so_reuseport", 0), ("grpc.max_receive_message_length", LARGEST)]
        hands = ThreadPoolExecutor(HANDS, thread_name_prefix="stand-in")
        self._hands, self._over = hands, Event()
        self._server = grpc.server(hands, handlers=[_Handler(answers)], options=options)
        self.server_port = self._server.add_insecure_port(f"{host}:{port}")

    def serve_forever(self) -> None:
        self._server.start()
        self._over.wait()

    def shutdown(self) -> None:
        self._server.stop(grace=None).wait()
        self._over.set()

    def server_close(self) -> None:
        self._hands.shutdown()


@contextmanager
def serving_grpc(service: Answers, port: int = 0) -> Iterator[str]:
    """Serve on loopback in a thread; yields the address. `port` 0: any free one."""
    server = GrpcServer("127.0.0.1", port, service)
    thread = Thread(target=server.serve_forever, name="stand-in", daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
