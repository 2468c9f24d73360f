"""Instances: listed by pages of 25, shown, labelled, stopped and started, destroyed."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Request

from im.standins.vast.errors import no
from im.standins.vast.market import OPERATORS, body_of
from im.standins.vast.renter import Instance, Renter

if TYPE_CHECKING:
    from im.standins.vast.service import Vast

PAGE = 25
_STORED = frozenset({"id", "label", "actual_status", "intended_status", "gpu_name", "machine_id", "image_uuid"})
"""What can be filtered by; the rest is computed."""


def register(service: Vast) -> None:
    service.handle("GET", "/api/v1/instances", "list", listed)
    service.handle("GET", "/api/v0/instances", "list", all_at_once)
    service.handle("GET", "/api/v0/instances/<int:number>", "show", shown)
    service.handle("PUT", "/api/v0/instances/<int:number>", "change", changed)
    service.handle("DELETE", "/api/v0/instances/<int:number>", "destroy", destroyed)
    service.handle("GET", "/api/v0/users/current", "other", user)


def user(renter: Renter, request: Request) -> Any:
    number = int.from_bytes(renter.name.encode()[:4])
    told = {"id": number, "email": f"{renter.name}@example.com", "balance": 0.0, "credit": renter.credit}
    return {**told, "api_key": "a-secret", "ssh_key": "", "sid": "1"}


def listed(renter: Renter, request: Request) -> Any:
    conditions = _json(request, "select_filters", {})
    if strange := conditions.keys() - _STORED:
        raise no(400, "invalid_request", f"not filterable: {', '.join(sorted(strange))}")
    everything = [renter.instance(one) for one in renter.visible()]
    found = [
        one
        for one in everything
        if all(OPERATORS[how](one[name], this) for name, wanted in conditions.items() for how, this in wanted.items())
    ]
    limit = min(PAGE, int(request.args.get("limit", PAGE)))
    after = _after(request)
    page = [one for one in found if one["id"] > after][: limit if limit > 0 else 5]
    more = bool(page) and page[-1]["id"] != found[-1]["id"]
    labels = [one["label"] for one in everything]
    return {
        "success": True,
        "instances_found": len(page),
        "total_instances": len(everything),
        "label_counts": {str(one): labels.count(one) for one in labels},
        "next_token": _token(page[-1]["id"]) if more else None,
        "instances": page,
    }


def all_at_once(renter: Renter, request: Request) -> Any:
    """As it was before there were pages."""
    return {"instances_found": len(renter.visible()), "instances": [renter.instance(one) for one in renter.visible()]}


def _json(request: Request, name: str, otherwise: Any) -> Any:
    try:
        return json.loads(request.args.get(name) or json.dumps(otherwise))
    except ValueError:
        raise no(400, "invalid_request", f"{name} is no JSON") from None


def _token(number: int) -> str:
    return base64.b64encode(json.dumps({"values": {"id": number}}).encode()).decode()


def _after(request: Request) -> int:
    token = request.args.get("after_token")
    if not token:
        return 0
    try:
        return int(json.loads(base64.b64decode(token))["values"]["id"])
    except (ValueError, KeyError, TypeError):
        raise no(400, "invalid_token", "after_token is invalid") from None


def _there(renter: Renter, number: int) -> Instance:
    found = next((one for one in renter.visible() if one.id == number), None)
    if found is None:
        raise no(404, "no_such_instance", f"error 404/3101: instance {number} not found")
    return found


def shown(renter: Renter, request: Request, number: int) -> Any:
    """One that is gone is null."""
    found = next((one for one in renter.visible() if one.id == number), None)
    return {"instances": renter.instance(found) if found else None}


def changed(renter: Renter, request: Request, number: int) -> Any:
    asked, one = body_of(request), _there(renter, number)
    if "label" in asked:
        if len(str(asked["label"])) > 1024:
            raise no(400, "invalid_args", "the label is too long")
        one.label = str(asked["label"])
    match asked.get("state"):
        case "stopped":
            renter.halt(one)
        case "running":
            if one.ends <= renter.now:
                return {"success": False, "error": "invalid_args", "msg": "the contract of this instance has ended"}
            if renter.credit <= 0:
                return {"success": False, "error": "insufficient_credit", "msg": "Your account has no credit"}
            renter.run(one)
        case None:
            pass
        case _:
            raise no(400, "invalid_args", "the state is invalid")
    return {"success": True}


def destroyed(renter: Renter, request: Request, number: int) -> Any:
    one = _there(renter, number)
    del renter.instances[one.id]
    renter.ended.append(one.id)
    return {"success": True, "msg": "Instance destroyed successfully"}
