"""`exec` as an API server serves it: a websocket whose frames begin with a channel, for a process in a pod that is pretended.

What runs there, whoever starts the stand-in says (`Cluster.starts`); where nobody does, nothing runs.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from importlib.util import find_spec
from threading import Lock, Thread
from typing import TYPE_CHECKING, Any, Protocol

from werkzeug.wrappers import Request

from im.standins.kubernetes.cluster import PODS, Cluster
from im.standins.kubernetes.errors import no, status
from im.standins.service import Refusal

if TYPE_CHECKING:
    from im.standins.kubernetes.service import Kubernetes

SUBRESOURCE = "pods/exec"
PROTOCOLS = ("v5.channel.k8s.io", "v4.channel.k8s.io")
_STDIN, _STDOUT, _STDERR, _STATUS, _RESIZE, _CLOSE = 0, 1, 2, 3, 4, 255


class Process(Protocol):
    """Numbers of open files, and its end. With a terminal the first two are one, and there is no third."""

    stdin: int
    stdout: int
    stderr: int | None

    def resize(self, columns: int, lines: int) -> None: ...

    def wait(self) -> int: ...


def register(service: Kubernetes) -> None:
    place = "/api/v1/namespaces/<namespace>/pods/<name>/exec"
    service.handle("GET", place, enter, websocket=True)
    service.handle("GET", place, enter)
    service.handle("POST", place, enter)


def enter(cluster: Cluster, request: Request, namespace: str, name: str) -> tuple[int, Any]:
    """A websocket needs two rights, and a server of 1.36 says of the second only that it is forbidden."""
    cluster.need("get", SUBRESOURCE, namespace)
    cluster.asked_of.add(("create", SUBRESOURCE))
    if cluster.rights is not None and ("create", SUBRESOURCE) not in cluster.rights:
        raise no(403, f'pods "{name}" is forbidden: ')
    pod = cluster.find(PODS, namespace, name)
    names = [one["name"] for one in pod["spec"]["containers"]]
    chosen = request.args.get("container") or names[0]
    if chosen not in names:
        raise no(400, f"container {chosen} is not valid for pod {name}")
    if pod["status"]["phase"] != "Running":
        raise no(400, f"pod {name} does not have a host assigned" if "nodeName" not in pod["spec"] else "not running")
    if request.headers.get("Upgrade", "").lower() != "websocket":
        raise no(400, "Upgrade request required")
    if find_spec("websockets") is None:
        raise no(501, "websockets are not spoken here: the package of that name is missing")
    offered = [one.strip() for one in request.headers.get("Sec-WebSocket-Protocol", "").split(",")]
    agreed = next((one for one in cluster.exec_protocols if one in offered), None)
    if agreed is None:
        raise Refusal(403, status(403, "no subprotocol of the client's is known here"))
    command, wants_terminal = request.args.getlist("command"), request.args.get("tty") == "true"
    has_input = request.args.get("stdin") == "true"
    starts = cluster.starts

    def serve(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        wire = _Wire(environ, agreed)
        try:
            if starts is None:
                told = "this cluster is pretended: nothing runs in its pods"
                wire.send(_STATUS, json.dumps(status(500, told)).encode())
            else:
                _serve(wire, starts(command, wants_terminal), has_input=has_input)
        finally:
            wire.close()
        raise ConnectionAbortedError  # so that werkzeug does not answer: the connection was ours

    return 101, serve


def _serve(wire: _Wire, process: Process, *, has_input: bool) -> None:
    readers = [Thread(target=_copy, args=(wire, _STDOUT, process.stdout), daemon=True)]
    if process.stderr is not None:
        readers.append(Thread(target=_copy, args=(wire, _STDERR, process.stderr), daemon=True))
    for one in readers:
        one.start()
    Thread(target=_feed, args=(wire, process, has_input), daemon=True).start()
    code = process.wait()
    for one in readers:
        one.join()
    ended: dict[str, Any] = {"metadata": {}, "status": "Success"}
    if code:
        causes = [{"reason": "ExitCode", "message": str(code)}]
        told = f"command terminated with non-zero exit code: exit status {code}"
        ended = {**status(500, told, "NonZeroExitCode"), "details": {"causes": causes}}
    wire.send(_STATUS, json.dumps(ended).encode())


def _copy(wire: _Wire, channel: int, file: int) -> None:
    while True:
        try:
            data = os.read(file, 32768)
        except OSError:  # a terminal whose process is gone says so
            return
        if not data:
            return
        wire.send(channel, data)


def _feed(wire: _Wire, process: Process, is_open: bool) -> None:
    """Until the client goes, which the process sees as the end of its input; `is_open`: it has any."""
    if not is_open:
        os.close(process.stdin)
    for frame in wire.frames():
        channel, data = frame[0], frame[1:]
        try:
            if channel == _STDIN and is_open:
                os.write(process.stdin, data)
            elif channel == _RESIZE:
                told = json.loads(data)
                process.resize(told["Width"], told["Height"])
            elif channel == _CLOSE and data == bytes((_STDIN,)) and is_open and wire.agreed == PROTOCOLS[0]:
                os.close(process.stdin)
                is_open = False
        except OSError:
            return
    if is_open:
        os.close(process.stdin)


class _Wire:
    """One connection that werkzeug has read the request of."""

    def __init__(self, environ: dict[str, Any], agreed: str) -> None:
        from websockets.server import ServerProtocol
        from websockets.typing import Subprotocol

        self.agreed = agreed
        self._socket = environ["werkzeug.socket"]
        self._lock = Lock()
        self._protocol = ServerProtocol(subprotocols=[Subprotocol(agreed)], max_size=None)
        head = "".join(
            f"{key[5:].replace('_', '-')}: {value}\r\n" for key, value in environ.items() if key[:5] == "HTTP_"
        )
        self._protocol.receive_data(f"GET / HTTP/1.1\r\n{head}\r\n".encode("latin-1"))
        (asked,) = self._protocol.events_received()
        self._protocol.send_response(self._protocol.accept(asked))  # type: ignore[arg-type]
        self._flush()

    def send(self, channel: int, data: bytes) -> None:
        with self._lock:
            try:
                self._protocol.send_binary(bytes((channel,)) + data)
                self._flush()
            except Exception:
                return

    def frames(self) -> Iterable[bytes]:
        """What is said to us, whole frame by whole frame, until the other side goes."""
        from websockets.frames import Frame, Opcode

        while True:
            try:
                data = self._socket.recv(65536)
            except OSError:
                return
            with self._lock:
                self._protocol.receive_data(data) if data else self._protocol.receive_eof()
                came = self._protocol.events_received()
                self._flush()
            for one in came:
                if isinstance(one, Frame) and one.opcode in (Opcode.BINARY, Opcode.TEXT) and one.data:
                    yield bytes(one.data)
            if not data:
                return

    def close(self) -> None:
        with self._lock:
            try:
                self._protocol.send_close(1000)
                self._flush()
                self._socket.shutdown(1)
            except Exception:
                return

    def _flush(self) -> None:
        for data in self._protocol.data_to_send():
            if data:
                self._socket.sendall(data)
