"""This terminal, or these pipes, at the other end of a websocket, until the process in the pod ends."""

from __future__ import annotations

import os
import signal
import sys
import termios
import tty
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from threading import Event, Thread
from typing import TYPE_CHECKING

from websockets.exceptions import ConnectionClosed

from im.providers.errors import Unavailable
from im.providers.kubernetes.entry.channels import (
    NO_MORE_INPUT,
    STATUS,
    STDERR,
    STDIN,
    STDOUT,
    V5,
    exit_code,
    framed,
    resized,
)

if TYPE_CHECKING:
    from websockets.sync.client import ClientConnection

_AT_ONCE = 32 * 1024
_LAST = 5.0
"""Seconds that what was written may still need, once the process has ended."""


def run(connection: ClientConnection, *, stdin: bool, terminal: bool) -> int:
    """Its exit code. Raises Unavailable when the connection broke before."""
    with connection, _raw(connection) if terminal else nullcontext():
        if stdin:
            Thread(target=_send, args=(connection,), name="input", daemon=True).start()
        return _receive(connection)


def _receive(connection: ClientConnection) -> int:
    """What the process says comes in streams of its own: its status may be there before its last words."""
    status: bytes | None = None
    with suppress(ConnectionClosed, TimeoutError):
        while True:
            frame = connection.recv(None if status is None else _LAST, decode=False)
            channel, data = frame[0] if frame else STDOUT, frame[1:]
            if channel == STATUS:
                status = (status or b"") + data
            elif channel in (STDOUT, STDERR):
                _write(channel, data)  # numbered as files are
    if status is None:
        raise Unavailable("the connection to the pod broke; what ran there may still run")
    return exit_code(status)


def _write(file: int, data: bytes) -> None:
    while data:
        data = data[os.write(file, data) :]


def _send(connection: ClientConnection) -> None:
    with suppress(ConnectionClosed, OSError):
        while data := os.read(sys.stdin.fileno(), _AT_ONCE):
            connection.send(framed(STDIN, data))
        if connection.subprotocol == V5:
            connection.send(NO_MORE_INPUT)


@contextmanager
def _raw(connection: ClientConnection) -> Iterator[None]:
    """Every key goes to the pod, Ctrl-C too, and it is told how large the window is."""
    file, changed = sys.stdin.fileno(), Event()
    changed.set()

    def tell() -> None:
        with suppress(ConnectionClosed, OSError):
            while changed.wait():
                changed.clear()
                size = os.get_terminal_size(file)
                connection.send(resized(size.columns, size.lines))

    before = termios.tcgetattr(file)
    old = signal.signal(signal.SIGWINCH, lambda *_: changed.set())
    try:
        tty.setraw(file)
        Thread(target=tell, name="size", daemon=True).start()
        yield
    finally:
        termios.tcsetattr(file, termios.TCSADRAIN, before)
        signal.signal(signal.SIGWINCH, old)
