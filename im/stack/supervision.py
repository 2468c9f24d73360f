"""supervisord as the parent of the stack: started, asked and stopped; and what to do with children that outlived it."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import subprocess
import sys
import time
import xmlrpc.client
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from im.domain.errors import Unavailable
from im.stack.environment import MARK
from im.stack.layout import Layout

_GONE = (OSError, http.client.HTTPException, xmlrpc.client.ProtocolError)
"""What asking a supervisord that is not there, or is just leaving, raises."""

_PATIENCE = 5.0
"""Seconds supervisord may take for an answer; it needs milliseconds. One that hangs counts as gone, and is swept away."""


@dataclass(frozen=True, slots=True)
class Process:
    """A child as supervisord sees it; `state` is supervisord's word (RUNNING, BACKOFF, FATAL …), pid 0 when down."""

    name: str
    state: str
    pid: int


class Supervisor:
    """The supervisord whose control socket is `control`; it may or may not be there."""

    def __init__(self, control: Path) -> None:
        self._control = control

    @contextlib.contextmanager
    def _proxy(self) -> Iterator[Any]:
        from supervisor.xmlrpc import SupervisorTransport

        transport = SupervisorTransport(None, None, serverurl=f"unix://{self._control}")
        connect = transport._get_connection

        def connected() -> Any:
            connection = connect()
            transport.connection = connection  # from here on it is closed with the transport, even if nobody listens
            connection.connect()
            connection.sock.settimeout(_PATIENCE)  # without one, a supervisor that hangs would hang us too
            return connection

        transport._get_connection = connected
        try:
            yield xmlrpc.client.ServerProxy("http://127.0.0.1", transport=transport).supervisor
        finally:
            transport.close()

    def pid(self) -> int | None:
        """supervisord's process id; None when nobody answers."""
        if not self._control.exists():
            return None
        try:
            with self._proxy() as asked:
                return int(asked.getPID())
        except _GONE:
            return None

    def processes(self) -> list[Process]:
        """Every child; empty when nobody answers."""
        if not self._control.exists():
            return []
        try:
            with self._proxy() as asked:
                return [Process(p["name"], p["statename"], p["pid"]) for p in asked.getAllProcessInfo()]
        except _GONE:
            return []

    def start(self, group: str, name: str) -> None:
        """Start child `name` of `group` without waiting for it. Raises Unavailable when it cannot even be spawned."""
        try:
            with self._proxy() as asked:
                asked.startProcess(f"{group}:{name}", False)
        except xmlrpc.client.Fault as exc:
            raise Unavailable(f"{name} could not be started: {exc.faultString}", "im up") from exc
        except _GONE as exc:
            raise Unavailable(f"{name} could not be started: the supervisor is gone", "im up") from exc

    def shut_down(self) -> None:
        """Ask for an orderly end, children last started first; returns at once."""
        with contextlib.suppress(*_GONE, xmlrpc.client.Fault), self._proxy() as asked:
            asked.shutdown()


def launch(conf: Path, folder: Path, environment: Mapping[str, str]) -> None:
    """Start supervisord as a daemon in `folder`. Raises Unavailable with its own words when it refuses."""
    started = subprocess.run(
        [sys.executable, "-P", "-m", "supervisor.supervisord", "-c", str(conf)],
        env=dict(environment),
        cwd=folder,
        umask=0o077,  # its own log is opened before it reads the umask it is to use
        capture_output=True,
        text=True,
        check=False,
    )
    if started.returncode:
        said = (started.stderr.strip() or started.stdout.strip()).splitlines() or ["it said nothing"]
        why = next((line for line in said if line.startswith("Error")), said[-1])
        raise Unavailable(f"the stack's supervisor did not start: {why}", "im down, then im up")


def strays(layout: Layout) -> list[Any]:
    """psutil processes that carry this stack's mark, parents first. A folder's name would not do: a container has its own."""
    import psutil

    identity = layout.secret("identity")
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.pid != os.getpid() and process.environ().get(MARK) == identity:
                found.append(process)
    return sorted(found, key=lambda process: process.pid)


def sweep(layout: Layout) -> int:
    """Stop strays, politely and then not; returns how many there were."""
    found = strays(layout)
    end(found)
    return len(found)


def end(found: Sequence[Any]) -> None:
    """Stop these psutil processes, politely and then not. Postgres recovers from a kill by itself."""
    import psutil

    ids = {process.pid for process in found}
    for process in found:
        with contextlib.suppress(psutil.Error):
            if (
                process.ppid() not in ids
            ):  # a parent tells its own children; to a Postgres backend INT means another thing
                process.send_signal(signal.SIGINT if process.name().startswith("postgres") else signal.SIGTERM)
    # a worker's TERM waits for its tasks; what a kill interrupts is done again, so there is no need to wait for long
    until = time.monotonic() + 8
    for process in found:
        if not wait_until_gone(process.pid, max(0.0, until - time.monotonic())):
            with contextlib.suppress(psutil.Error):
                process.kill()
            wait_until_gone(process.pid, 5)


def wait_until_gone(pid: int, seconds: float, tick: Callable[[], None] = lambda: None) -> bool:
    """Has process `pid`, which need not be our child, ended within `seconds`? A zombie nobody reaps has ended."""
    import psutil

    until = time.monotonic() + seconds
    while True:
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        if time.monotonic() >= until:
            return False
        tick()
        time.sleep(0.05)
