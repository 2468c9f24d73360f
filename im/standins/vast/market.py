"""Offers: searched for by conditions on what is shown of them, and taken by their number before somebody else does."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Request

from im.standins.vast.errors import no
from im.standins.vast.renter import Renter

if TYPE_CHECKING:
    from im.standins.vast.service import Vast

OPERATORS: Mapping[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq,
    "neq": operator.ne,
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
    "in": lambda shown, among: shown in among,
    "notin": lambda shown, among: shown not in among,
}
_NO_CONDITIONS = frozenset({"type", "order", "limit", "allocated_storage", "q", "sort_option"})
_UNKNOWN_HERE = frozenset({"external", "gpu_arch", "cpu_arch"})
_FIELDS = frozenset(
    {
        *("image", "disk", "label", "runtype", "env", "onstart", "args", "args_str", "price", "target_state", "vm"),
        *("cancel_unavail", "volume_info", "template_hash_id", "image_login", "client_id", "extra", "python_utf8"),
        *("lang_utf8", "use_jupyter_lab", "jupyter_dir", "force", "user", "use_ssh"),
    }
)


def register(service: Vast) -> None:
    service.handle("POST", "/api/v0/bundles", "search", searched)
    service.handle("PUT", "/api/v0/asks/<int:number>", "take", taken)


def searched(renter: Renter, request: Request) -> Any:
    asked = body_of(request)
    disk = float(asked.get("allocated_storage") or 8)
    shown = [renter.offer(host, disk) for host in renter.hosts.values() if renter.is_free(host)]
    conditions = {name: wanted for name, wanted in asked.items() if name not in _NO_CONDITIONS | _UNKNOWN_HERE}
    found = [one for one in shown if all(_meets(one, name, wanted) for name, wanted in conditions.items())]
    for name, way in reversed(asked.get("order") or []):
        found.sort(key=lambda one, name=name: one.get(name) or 0, reverse=way == "desc")  # type: ignore[misc]
    return {"offers": found[: int(asked.get("limit") or 64)]}


def _meets(shown: dict[str, Any], name: str, wanted: Any) -> bool:
    if not isinstance(wanted, dict) or not wanted.keys() <= OPERATORS.keys():
        raise no(400, "invalid_request", f"Invalid condition on {name}")
    value = shown["geolocation"].rpartition(", ")[2] if name == "geolocation" else shown.get(name)
    return value is not None and all(OPERATORS[how](value, _like(value, this)) for how, this in wanted.items())


def _like(value: Any, this: Any) -> Any:
    """A number may be sent as a text, as Vast's own client does."""
    if not isinstance(this, str) or not isinstance(value, int | float):
        return this
    try:
        return float(this)
    except ValueError:
        raise no(400, "invalid_request", f"{this} is no number") from None


def taken(renter: Renter, request: Request, number: int) -> Any:
    asked = body_of(request)
    if (not asked.get("image") and not asked.get("template_hash_id")) or asked.keys() - _FIELDS:
        raise no(400, "invalid_args", "error 400/3467: Invalid args", ask_id=number)
    if len(str(asked.get("onstart") or "")) > 4048:
        raise no(400, "invalid_args", "error 400/3468: onstart is longer than 4048 characters", ask_id=number)
    host = renter.hosts.get(number)
    if host is None or number in renter.vanishing or not renter.is_free(host):
        told = f"error 404/3603: no_such_ask Instance type by id {number} is not available."
        raise no(404, "invalid_args", told, ask_id=number)
    if renter.credit <= 0:
        raise no(400, "insufficient_credit", "Your account has insufficient credit.", ask_id=number)
    if float(asked.get("disk") or 8) > host.disk:
        raise no(400, "invalid_args", "error 400/3470: the disk is too large", ask_id=number)
    if number in renter.made_in_vain:
        made = renter.make(host, asked, runs=False)
        raise no(400, "invalid_price", "error 400/3475: the bid is too low", ask_id=number, new_contract=made.id)
    return {"success": True, "new_contract": renter.make(host, asked, runs=True).id}


def body_of(request: Request) -> dict[str, Any]:
    asked = request.get_json(silent=True)
    if not isinstance(asked, dict):
        raise no(400, "invalid_request", "Invalid json body")
    return asked
