"""One call from the wire to the ledger: who asks, which fault strikes, whether it may, what it does, what is answered."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from botocore.model import OperationNotFoundError

from tests.standin import model, rest
from tests.standin.clock import http_date
from tests.standin.cloud import ACCOUNT, Cloud
from tests.standin.errors import STATUS, AwsError, error
from tests.standin.faults import Fault
from tests.standin.registry import ACTIONS, Action, Answer, Call

_CREDENTIAL = re.compile(r"Credential=([^/,]+)/\d+/([^/]+)/([^/]+)/aws4_request")
_CODES = {
    500: "InternalError",
    503: "Unavailable",
    400: "InvalidRequest",
    401: "AuthFailure",
    403: "UnauthorizedOperation",
}
_INVALID = "The security token included in the request is invalid."
_STRANGER = {
    "ec2": ("AuthFailure", "AWS was not able to validate the provided access credentials", 401),
    "sts": ("InvalidClientTokenId", _INVALID, 403),
}
"""To credentials that a region does not know."""
_JSON = {"ssm": "1.1", "pricing": "1.1"}


@dataclass(frozen=True, slots=True)
class Request:
    method: str
    path: str
    headers: dict[str, str]
    """Names in small letters."""
    body: bytes


@dataclass(slots=True)
class Reply:
    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0
    keep: int | None = None
    """Bytes of the body that leave before the connection is cut; -1 cuts it before anything leaves."""


def answer(cloud: Cloud, request: Request) -> Reply:
    """The reply to one AWS request, its effect done, refused, or scheduled."""
    cloud.timeline.catch_up()
    request_id = cloud.request_id()
    service = "ec2"
    try:
        key, region, service = _signed(request)
        service, name, asked = _read(request, service)
        action = ACTIONS.get((service, name))
        if action is None:
            raise AwsError("InvalidAction", f"The action {name} is not valid for this web service.")
        account = cloud.accounts.get(key, ACCOUNT)
        if (account, region) in cloud.closed:
            raise AwsError(*_STRANGER.get(service, ("UnrecognizedClientException", _INVALID, 403)))
        call = Call(cloud, cloud.region(account, region), service, name, asked, request_id, key)
    except AwsError as exc:
        return _refused(cloud, service, exc, request_id)
    cloud.ledger.counts[name] += 1
    fault = cloud.faults.strike(cloud.now, name, account, region, asked)
    return _faulty(call, action, fault) if fault else _plain(call, action)


def invoke(call: Call) -> str:
    """A call that another service makes on somebody's behalf; faults strike it too. "done", or the code of its refusal."""
    action = ACTIONS[call.service, call.action]
    call.cloud.ledger.counts[call.action] += 1
    fault = call.cloud.faults.strike(call.now, call.action, call.region.account, call.region.name, call.asked)
    if fault is not None and fault.effect != "now":
        _faulty(call, action, fault)
        return fault.code or "InternalError"
    done = _perform(call, action)
    return done.code if isinstance(done, AwsError) else "done"


def _plain(call: Call, action: Action) -> Reply:
    return _said(call, _perform(call, action))


def _faulty(call: Call, action: Action, fault: Fault) -> Reply:
    """What the fault says: what becomes of the effect, then what of the reply."""
    cloud = call.cloud
    done: Answer | AwsError | None = None
    if fault.effect == "now":
        done = _perform(call, action, reply=fault.reply)
    elif fault.effect == "late":
        arrived = cloud.now
        cloud.timeline.after(fault.late_by, lambda: _ignore(_perform(call, action, reply=fault.reply, arrived=arrived)))
    elif action.mutating:
        _log(call, f"not done: {fault.code or fault.reply}", fault.reply)
    if fault.reply in ("normal", "truncated") and done is not None:
        reply = _said(call, done)
    else:
        code = fault.code or _CODES.get(fault.status, "InternalError")
        usual = error(code, fault.message)
        status = fault.status or STATUS.get(code, 400)
        reply = _refused(cloud, call.service, AwsError(code, usual.message, status), call.request_id)
    if fault.reply == "truncated":
        reply.keep = int(len(reply.body) * fault.keep)
    if fault.reply == "lost":
        reply.keep = -1
    reply.delay = fault.delay
    return reply


def _perform(call: Call, action: Action, *, reply: str = "normal", arrived: float | None = None) -> Answer | AwsError:
    """The effect, as one step: throttle, dry run, the action itself; and its line in the ledger."""
    cloud, before = call.cloud, len(call.cloud.ledger.changes)
    cause, cloud.cause = cloud.cause, call.request_id
    done: Answer | AwsError
    outcome = "done"
    try:
        if cloud.throttling and call.service == "ec2":
            call.region.throttle.check(call.action, call.asked, mutating=action.mutating, now=cloud.now)
        if call.asked.get("DryRun"):
            raise error("DryRunOperation", "Request would have succeeded, but DryRun flag is set.")
        done = action.does(call)
    except AwsError as exc:
        done, outcome = exc, exc.code
    finally:
        cloud.cause = cause
    if action.mutating:
        for change in cloud.ledger.changes[before:]:
            began = call.effects.get(change.id, change.before).partition(" → ")[0]
            call.effects[change.id] = f"{began} → {change.after}"
        _log(call, outcome, reply, arrived)
    return done


def _log(call: Call, outcome: str, reply: str, arrived: float | None = None) -> None:
    call.cloud.ledger.called(
        {
            "at": call.now,
            "arrived": call.now if arrived is None else arrived,
            "request_id": call.request_id,
            "account": call.region.account,
            "region": call.region.name,
            "credentials": call.credentials,
            "service": call.service,
            "action": call.action,
            "asked": {key: _plainly(key, value) for key, value in call.asked.items()},
            "outcome": outcome,
            "reply": reply,
            "effects": call.effects,
        }
    )


def _plainly(key: str, value: Any) -> Any:
    if key == "UserData":
        return f"{len(value)} characters"
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def _ignore(_: Answer | AwsError) -> None:
    """Nobody is waiting for the answer to a late effect."""


# ---- reading ---------------------------------------------------------------------------------------------------------


def _signed(request: Request) -> tuple[str, str, str]:
    """(access key id, region, service) as the signature names them; the signature itself is not checked."""
    found = _CREDENTIAL.search(request.headers.get("authorization", ""))
    if not found:
        raise AwsError("MissingAuthenticationToken", "Request is missing Authentication Token", 403)
    return found[1], found[2], found[3]


def _read(request: Request, service: str) -> tuple[str, str, dict[str, Any]]:
    """(service, action, parameters)."""
    target = request.headers.get("x-amz-target")
    if target:
        return service, target.rpartition(".")[2], json.loads(request.body or b"{}")
    if service in rest.SERVICES:
        return service, *rest.read(service, request.method, request.path, request.body)
    flat = dict(parse_qsl(request.body.decode(), keep_blank_values=True))
    name = flat.pop("Action", "")
    try:
        return service, name, model.read_query(service, name, flat)
    except OperationNotFoundError:
        raise AwsError("InvalidAction", f"The action {name} is not valid for this web service.") from None
    except ValueError as exc:
        raise AwsError("MalformedQueryString", f"The request cannot be read: {exc}") from exc


# ---- answering -------------------------------------------------------------------------------------------------------


def _said(call: Call, done: Answer | AwsError) -> Reply:
    return (
        _refused(call.cloud, call.service, done, call.request_id) if isinstance(done, AwsError) else _done(call, done)
    )


def _done(call: Call, value: Answer) -> Reply:
    if call.service in _JSON or call.service in rest.SERVICES:
        body, kind = json.dumps(value).encode(), _json_kind(call.service)
    else:
        body = model.answer(call.service, call.action, value, call.request_id).encode()
        kind = "text/xml;charset=UTF-8"
    return Reply(200, body, _headers(call.cloud, call.request_id, kind))


def _refused(cloud: Cloud, service: str, exc: AwsError, request_id: str) -> Reply:
    if service in _JSON or service in rest.SERVICES:
        body = json.dumps({"__type": exc.code, "message": exc.message, "Message": exc.message}).encode()
        headers = _headers(cloud, request_id, _json_kind(service)) | {"x-amzn-ErrorType": exc.code}
        return Reply(exc.status, body, headers)
    said = model.refusal(service, exc.code, exc.message, exc.status, request_id)
    return Reply(exc.status, said.encode(), _headers(cloud, request_id, "text/xml;charset=UTF-8"))


def _json_kind(service: str) -> str:
    return f"application/x-amz-json-{_JSON[service]}" if service in _JSON else "application/json"


def _headers(cloud: Cloud, request_id: str, kind: str) -> dict[str, str]:
    return {
        "Content-Type": kind,
        "Date": http_date(int(cloud.now)),
        "x-amzn-requestid": request_id,
        "Server": "im-standin",
    }
