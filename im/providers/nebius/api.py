"""Nebius' API: unary gRPC calls, each sent once, with our time-outs and our errors (https://github.com/nebius/api).

Channels are made when they are first needed, in the process that needs them: they do not survive a fork.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from threading import Lock
from typing import Any

from im.providers.errors import Unauthenticated
from im.providers.nebius.credentials import Credentials
from im.providers.nebius.errors import refused
from im.providers.nebius.sdk import address_of, grpc, part

_TIMEOUT = 9.0
"""Seconds for a call. A step's lease (15 s) is longer."""
_LONGEST = 16 * 1024 * 1024
_PAGE = 500
_EXCHANGE = "iam.v1.TokenExchangeService/Exchange"


class NebiusApi:
    """Calls with one set of credentials. Safe to be used by many threads."""

    def __init__(self, credentials: Credentials, address: str = "") -> None:
        """`address`: host and port of a pretended Nebius, where everything is; else each service has its own."""
        self._credentials, self._address = credentials, address
        self._channels: dict[tuple[int, str], Any] = {}
        self._lock = Lock()

    def get(self, rpc: str, request: str, answer: str, **fields: Any) -> Any:
        """`compute.v1.InstanceService/Get`, the names of both messages, and the fields of the first."""
        return self._authorized(rpc, _message(rpc, request)(**fields), _message(rpc, answer))

    def items(self, rpc: str, request: str, answer: str, *, under: str = "items", **fields: Any) -> Iterator[Any]:
        """What all pages of a list hold, which stands `under` that name. Raises ProviderError, at any page."""
        token = ""
        while True:
            told = self.get(rpc, request, answer, **fields, page_size=_PAGE, page_token=token)
            yield from getattr(told, under)
            token = told.next_page_token
            if not token:
                return

    def change(self, rpc: str, message: Any, key: str = "") -> Any:
        """The Operation. `key`: the same for the same change, which is then carried out once; else one that is used once."""
        operation = part("common.v1").Operation
        return self._authorized(rpc, message, operation, key or str(uuid.uuid4()))

    def _authorized(self, rpc: str, message: Any, answer: Any, key: str = "") -> Any:
        """One more time with a new token, where the one that we had is refused."""
        token = self._credentials.token(self._exchange)
        try:
            return self._send(rpc, message, answer, token, key)
        except Unauthenticated:
            if not self._credentials.forget(token):
                raise
        return self._send(rpc, message, answer, self._credentials.token(self._exchange), key)

    def _exchange(self, signed: Any) -> Any:
        return self._send(_EXCHANGE, signed, part("iam.v1").CreateTokenResponse, "", "")

    def _send(self, rpc: str, message: Any, answer: Any, token: str, key: str) -> Any:
        headers = [("user-agent", "im")]
        headers += [("authorization", f"Bearer {token}")] if token else []
        headers += [("x-idempotency-key", key)] if key else []
        call = self._channel(rpc.partition("/")[0]).unary_unary(
            f"/nebius.{rpc}",
            request_serializer=lambda one: one.SerializeToString(),
            response_deserializer=answer.FromString,
        )
        try:
            return call(message, timeout=_TIMEOUT, metadata=headers)
        except grpc().RpcError as exc:
            raise refused(exc, mutating=bool(key)) from exc

    def _channel(self, service: str) -> Any:
        address = self._address or address_of(service)
        with self._lock:
            at = (os.getpid(), address)
            if at not in self._channels:
                options = [("grpc.max_receive_message_length", _LONGEST)]
                if self._address:
                    self._channels[at] = grpc().insecure_channel(address, [*options, ("grpc.enable_http_proxy", 0)])
                else:
                    self._channels[at] = grpc().secure_channel(address, grpc().ssl_channel_credentials(), options)
            return self._channels[at]


def _message(rpc: str, name: str) -> Any:
    """Of the package of the call, or of the one that all have in common."""
    own = part(rpc.partition("/")[0].rpartition(".")[0])
    return getattr(own, name, None) or getattr(part("common.v1"), name)
