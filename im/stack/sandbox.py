"""The sandbox cloud: moto's EC2 on loopback, whose machines outlive a restart. Run as `python -m im.stack.sandbox`.

moto keeps everything in memory. Its EC2 backends pickle whole (1 MB, 15 ms), so they are saved within a second of each
change and at SIGTERM, and loaded at start. Beside EC2 only the keys of assumed roles are kept: nothing else has a state.

moto is many clouds' worth of code that was never meant for strangers: its CloudFormation runs what a template says. So of all that
it can, only `SERVICES` are made here, and they answer only what was signed with the secret in IM_SANDBOX_URL.
"""

from __future__ import annotations

import argparse
import json
import os
import pickle
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qs

from im.domain.config.sandbox import KEY_ID, Sandbox, sandbox_at, sandboxes
from im.domain.errors import Refused
from im.stack.signature import holds, read
from im.standins.admission import Admission, Application, Asked, TurnedAway

SERVICES: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "ec2": frozenset(),
        "ssm": frozenset({"GetParameter", "GetParameters", "GetParametersByPath"}),
        "sts": frozenset({"AssumeRole", "GetCallerIdentity"}),
    }
)
"""What `im` asks of a cloud that has no price list and no scheduler, and the calls of it that pass; none named: all of them."""
SAVE_EVERY = 1.0
"""Seconds between looks at whether there is something to save: what a kill -9 of the sandbox can lose."""
_READS = ("Describe", "Get", "List")


class Keeper:
    """Holds moto's EC2 still while it answers or is saved: moto itself is not made for several threads."""

    def __init__(self, path: Path) -> None:
        self.lock = threading.RLock()
        self._path = path
        self._roles: dict[str, tuple[str, datetime]] = {}
        self.changed = False

    def load(self) -> str:
        """Bring back what was saved; returns what happened, in words. A file of no use is set aside, never deleted."""
        try:
            kept = pickle.loads(self._path.read_bytes())  # noqa: S301 - our own file, 0600 in a private folder
            if kept["moto"] != version("moto"):
                raise ValueError(f"saved by moto {kept['moto']}, this is {version('moto')}")
            regions = pickle.loads(kept["ec2"])  # noqa: S301 - as above
            self._roles = kept.get("roles", {})
        except FileNotFoundError:
            return "an empty cloud"
        except Exception as exc:  # unpickling can raise anything at all, and none of it may keep the stack down
            aside = self._path.with_suffix(".unreadable")
            self._path.replace(aside)
            return f"an empty cloud: the saved one cannot be read ({exc}) and was set aside as {aside}"
        for (account, region), backend in regions.items():
            _ec2()[account][region] = backend
        return f"the saved cloud: {sum(_machines(backend) for backend in regions.values())} machines"

    def save(self) -> None:
        """Write the state, whole or not at all."""
        with self.lock:
            self.changed = False
            self._note_roles()
            regions = {(account, region): backend for account, region, backend in _ec2().iter_backends()}
            ec2 = pickle.dumps(regions, protocol=5)
            saved = pickle.dumps({"moto": version("moto"), "ec2": ec2, "roles": self._roles})
        fresh = self._path.with_suffix(".new")
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
            out.write(saved)
        fresh.replace(self._path)

    def secret_of_role(self, key_id: str) -> str | None:
        """The secret that goes with the access key of an assumed role, as long as it lasts."""
        with self.lock:
            self._note_roles()
            return self._roles.get(key_id, (None,))[0]

    def _note_roles(self) -> None:
        for role in _assumed():
            self._roles[role.access_key_id] = (role.secret_access_key, role.expiration.replace(tzinfo=UTC))
        now = datetime.now(UTC)
        self._roles = {key: kept for key, kept in self._roles.items() if kept[1] > now}


class Services:
    """The applications of moto that are here at all, each made when it is first asked; `admit` is what `Admission` asks."""

    def __init__(self, sandbox: Sandbox, keeper: Keeper) -> None:
        self._sandbox = sandbox
        self._keeper = keeper
        self._made: dict[str, Application] = {}

    def admit(self, asked: Asked) -> Application:
        """Raises TurnedAway in the form that the service's own client reads."""
        claim = read(asked)
        if claim is None or (asked.method, asked.path, asked.query) != ("POST", "/", ""):
            if (
                claim is not None and claim.service not in SERVICES
            ):  # asked in another form, as EventBridge Scheduler is
                raise _refusal(claim.service, _NOT_HERE, f"this sandbox has no {claim.service}")
            raise TurnedAway("403 Forbidden", "this sandbox answers to the `im` that started it\n")
        if not holds(claim, asked, self._secret_of, datetime.now(UTC)):
            raise _refusal(claim.service, _UNPROVEN, "not signed with the secret of this sandbox")
        passing, action = SERVICES.get(claim.service), _action(asked)
        if passing is None or (passing and action not in passing):
            raise _refusal(claim.service, _NOT_HERE, f"this sandbox has no {action or 'such call'} of {claim.service}")
        return Logged(self._application(claim.service), action, self._keeper)

    def _secret_of(self, key_id: str) -> str | None:
        return self._sandbox.secret if key_id == self._sandbox.key_id else self._keeper.secret_of_role(key_id)

    def _application(self, service: str) -> Application:
        from moto.moto_server.werkzeug_app import create_backend_app

        with self._keeper.lock:
            if service not in self._made:
                make: Any = create_backend_app
                self._made[service] = make(service)
            return self._made[service]


_UNPROVEN = {"ec2": "AuthFailure", "ssm": "UnrecognizedClientException", "sts": "InvalidClientTokenId"}
_NOT_HERE = {"ec2": "UnauthorizedOperation", "ssm": "AccessDeniedException", "sts": "AccessDenied"}


def _refusal(service: str, codes: Mapping[str, str], told: str) -> TurnedAway:
    code = codes.get(service, codes["ssm"])
    error = f"<Error><Code>{code}</Code><Message>{told}</Message></Error>"
    if service == "ec2":
        return TurnedAway("403 Forbidden", f"<Response><Errors>{error}</Errors></Response>", "text/xml")
    if service in ("sts", "iam"):
        return TurnedAway("403 Forbidden", f"<ErrorResponse>{error}</ErrorResponse>", "text/xml")
    return TurnedAway("403 Forbidden", json.dumps({"__type": code, "message": told}), "application/x-amz-json-1.1")


class Logged:
    """WSGI: one request at a time, and one line for each that changes something."""

    def __init__(self, app: Application, action: str, keeper: Keeper) -> None:
        self._app = app
        self._action = action
        self._keeper = keeper

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        action = self._action
        statuses: list[str] = []

        def answered(status: str, *rest: Any) -> Any:
            statuses.append(status)
            return start_response(status, *rest)

        began = time.monotonic()
        with self._keeper.lock:
            reply = list(self._app(environ, answered))
            if not action.startswith(_READS):
                self._keeper.changed = True
        status = (statuses or ["?"])[-1]
        if action and (not action.startswith(_READS) or not status.startswith("2")):
            print(f"{action} → {status} ({(time.monotonic() - began) * 1000:.0f} ms)", flush=True)
        return reply


def _action(asked: Asked) -> str:
    """The API call's name, if it is one by its looks: in the form of the query protocol, in a header of the JSON one."""
    target = asked.headers.get("x-amz-target", "")
    named = target.rpartition(".")[2] or parse_qs(asked.body.decode("utf-8", "replace")).get("Action", [""])[0]
    return named if named.isalnum() and named.isascii() else ""


def _ec2() -> Any:
    from moto.backends import get_backend

    return get_backend("ec2")


def _assumed() -> list[Any]:
    from moto.backends import get_backend

    sts: Any = get_backend("sts")
    return [role for _account, _region, backend in sts.iter_backends() for role in backend.assumed_roles]


def _machines(backend: Any) -> int:
    return sum(len(reservation.instances) for reservation in backend.reservations.values())


def server_for(sandbox: Sandbox, keeper: Keeper, host: str, port: int) -> Any:
    """A server, bound and not yet serving; port 0 for any."""
    from werkzeug.serving import WSGIRequestHandler, make_server

    class Quiet(WSGIRequestHandler):
        timeout = 60  # seconds that a connection may say nothing

        def log_request(self, *_: Any, **__: Any) -> None:
            """`Logged` says it better."""

    app = Admission(Services(sandbox, keeper).admit, {sandbox.host})
    return make_server(host, port, app, threaded=True, request_handler=Quiet)


def _with_secret(environ: Mapping[str, str]) -> Sandbox:
    """From the environment alone: arguments can be read by every user of the machine. Raises Refused when there is none."""
    sandbox = sandbox_at(sandboxes(environ.get("IM_SANDBOX_URL", ""), "aws").get("aws", ""))
    if sandbox.secret == KEY_ID:
        raise Refused("IM_SANDBOX_URL has no secret in it", "write it as http://sandbox:SECRET@HOST:PORT")
    return sandbox


def _region() -> str:
    return os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"


def main(argv: list[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(prog="python -m im.stack.sandbox", description=__doc__)
    parser.add_argument(
        "--host", default="127.0.0.1", help="address it listens on; loopback unless a container isolates it"
    )
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--state", type=Path, required=True, help="file the machines are kept in")
    parser.add_argument("--region", default=_region())
    given = parser.parse_args(argv)
    try:
        sandbox = _with_secret(os.environ)
    except Refused as exc:
        print(f"{exc.message}. Next: {exc.hint}", file=sys.stderr)
        return 2
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    keeper = Keeper(given.state)
    print(f"sandbox cloud on http://{given.host}:{given.port} with {keeper.load()}", flush=True)
    server = server_for(sandbox, keeper, given.host, given.port)
    serving = threading.Thread(target=server.serve_forever, daemon=True)
    serving.start()
    from moto.core.models import DEFAULT_ACCOUNT_ID

    with keeper.lock:
        _ec2()[DEFAULT_ACCOUNT_ID][given.region]  # the first touch takes 2 s: not at the cost of the first request
    while not stop.wait(SAVE_EVERY):
        if keeper.changed:
            keeper.save()
    server.shutdown()
    server.server_close()
    keeper.save()
    return 0


if __name__ == "__main__":
    sys.exit(main())
