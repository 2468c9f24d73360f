"""A tiny EC2 that answers what it is told, byte for byte: for answers that no simulator gives. Real HTTP, real sockets."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from urllib.parse import parse_qs

XMLNS = "http://ec2.amazonaws.com/doc/2016-11-15/"


@dataclass(frozen=True)
class Reply:
    status: int = 200
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    cut: int | None = None
    """Bytes of the body after which the connection is closed, though all were announced; 0 sends no answer at all."""
    silent: bool = False
    """Never answer: the client has to give up."""


def refusal(code: str, message: str = "as AWS would say it", status: int = 400, **headers: str) -> Reply:
    """An error as EC2 words it."""
    body = (
        f"<?xml version='1.0' encoding='UTF-8'?><Response><Errors><Error><Code>{code}</Code><Message>{message}</Message>"
        "</Error></Errors><RequestID>11111111-2222-3333-4444-555555555555</RequestID></Response>"
    )
    return Reply(status, body, {key.replace("_", "-"): value for key, value in headers.items()})


def answer(action: str, inner: str) -> Reply:
    """A success as EC2 words it."""
    return Reply(body=f'<{action}Response xmlns="{XMLNS}"><requestId>r-1</requestId>{inner}</{action}Response>')


def machine(machine_id: str, state: str = "pending", code: int = 0, more: str = "") -> str:
    """One instance of a RunInstances or DescribeInstances answer."""
    return (
        f"<item><instanceId>{machine_id}</instanceId><instanceState><code>{code}</code><name>{state}</name>"
        f"</instanceState><amiLaunchIndex>0</amiLaunchIndex>{more}</item>"
    )


def ran(*machines: str) -> Reply:
    return answer("RunInstances", f"<instancesSet>{''.join(machines)}</instancesSet>")


def described(*machines: str, token: str = "") -> Reply:
    more = f"<nextToken>{token}</nextToken>" if token else ""
    inner = f"<item><reservationId>r-1</reservationId><instancesSet>{''.join(machines)}</instancesSet></item>"
    return answer("DescribeInstances", f"<reservationSet>{inner}</reservationSet>{more}")


def stopping(*ids: str) -> Reply:
    items = "".join(
        f"<item><instanceId>{one}</instanceId><currentState><code>64</code><name>stopping</name></currentState>"
        "<previousState><code>16</code><name>running</name></previousState></item>"
        for one in ids
    )
    return answer("StopInstances", f"<instancesSet>{items}</instancesSet>")


IMAGE = answer(
    "DescribeImages",
    "<imagesSet><item><imageId>ami-0123456789abcdef0</imageId><rootDeviceName>/dev/xvda</rootDeviceName>"
    "<architecture>x86_64</architecture></item></imagesSet>",
)
PARAMETER = Reply(body='{"Parameter": {"Value": "ami-0123456789abcdef0"}}')
TYPE = answer(
    "DescribeInstanceTypes",
    "<instanceTypeSet><item><instanceType>t2.nano</instanceType><processorInfo><supportedArchitectures><item>x86_64</item>"
    "</supportedArchitectures></processorInfo></item></instanceTypeSet>",
)
KEY = answer("ImportKeyPair", "<keyName>k</keyName>")


class CannedCloud:
    """Replies per action, in order; the last one is repeated. `seen` holds every request's parameters, `signed` its signature."""

    def __init__(self) -> None:
        self.url = ""
        self.closing = Event()
        self.forget()

    def forget(self) -> None:
        """As new: only what precedes a launch is prepared, and nothing was asked yet."""
        self.replies: dict[str, list[Reply]] = {
            "DescribeImages": [IMAGE],
            "DescribeInstanceTypes": [TYPE],
            "GetParameter": [PARAMETER],
            "ImportKeyPair": [KEY],
        }
        self.seen: list[dict[str, str]] = []
        self.signed: list[str] = []

    def will(self, action: str, *replies: Reply) -> None:
        self.replies[action] = list(replies)

    def actions(self) -> list[str]:
        return [one["Action"] for one in self.seen]

    def asked(self, action: str) -> list[dict[str, str]]:
        return [one for one in self.seen if one["Action"] == action]

    def next_reply(self, action: str) -> Reply:
        waiting = self.replies.get(action) or [refusal("InvalidAction", f"no reply was prepared for {action}")]
        return waiting.pop(0) if len(waiting) > 1 else waiting[0]


@contextmanager
def canned_cloud() -> Iterator[CannedCloud]:
    cloud = CannedCloud()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            cloud.signed.append(self.headers["Authorization"])
            # SSM speaks JSON and names its action in a header
            action = self.headers.get("X-Amz-Target", "").rpartition(".")[2]
            cloud.seen.append({"Action": action, **{key: values[0] for key, values in form.items()}})
            reply = cloud.next_reply(cloud.seen[-1]["Action"])
            if reply.silent:
                cloud.closing.wait(30)
            if reply.silent or reply.cut == 0:
                return
            body = reply.body.encode()
            self.send_response_only(reply.status)
            standard = {"Date": self.date_time_string(), "Content-Type": "text/xml", "Content-Length": str(len(body))}
            for key, value in {**standard, **reply.headers}.items():
                self.send_header(key, value)
            self.end_headers()
            self.wfile.write(body[: reply.cut])

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    cloud.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield cloud
    finally:
        cloud.closing.set()
        server.shutdown()
        thread.join()
        server.server_close()
