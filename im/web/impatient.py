"""uvicorn's HTTP, which hangs up on who sends a request or takes an answer too slowly.

By itself it waits without end for the rest of a request that has begun, and for room in the socket of who does not read
(`timeout_keep_alive` counts between two requests alone): a few hundred connections, which cost nobody anything, would keep
everybody out.
"""

from __future__ import annotations

import asyncio
import socket

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

WHOLE = 30.0
"""Seconds for a whole request, from the connection or from its first byte on."""
TAKEN = 60.0
"""Seconds in which nothing of an answer was taken by who asked for it."""


class Impatient(H11Protocol):
    _asking: asyncio.TimerHandle | None = None
    _taking: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        # asyncio does so only where the listening socket names its protocol, which one of socket.create_server does not: the body
        # of an answer, written after its head, then waits for the client's delayed acknowledgement, 40 ms
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._asking = self.loop.call_later(WHOLE, transport.abort)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.conn.their_state not in (h11.IDLE, h11.SEND_BODY):
            self._asked()
        elif self._asking is None:  # it counts from the first byte: another byte now and then gains nothing
            self._asking = self.loop.call_later(WHOLE, self.transport.abort)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._taking = self.loop.call_later(TAKEN, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._taken()

    def connection_lost(self, exc: Exception | None) -> None:
        self._asked()
        self._taken()
        super().connection_lost(exc)

    def _asked(self) -> None:
        if self._asking is not None:
            self._asking.cancel()
            self._asking = None

    def _taken(self) -> None:
        if self._taking is not None:
            self._taking.cancel()
            self._taking = None
