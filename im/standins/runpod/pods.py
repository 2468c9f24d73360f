"""Pods: made one a call, listed all at once, renamed or reset, started, stopped, ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Request

from im.standins.runpod import catalog
from im.standins.runpod.account import Account, Pod
from im.standins.runpod.errors import broken, full, invalid, lent_away, no, not_found

if TYPE_CHECKING:
    from im.standins.runpod.service import RunPod

_CONTAINER = {"image": "", "args": "", "disk": 50, "ports": [], "env": {}, "registry": None}
"""What a container is, with what it is where nobody says."""
_AT_FIRST = frozenset(
    {
        "name",
        "cloud",
        "cpu",
        "gpu",
        "dataCenterIds",
        "mounts",
        "templateId",
        "globalNetworking",
        "startSsh",
        "startJupyter",
    }
)
_LATER = frozenset({"name", "locked", "mounts", "templateId", "globalNetworking"})
_LETTERS = "0123456789abcdefghijklmnopqrstuvwxyz"


def register(service: RunPod) -> None:
    service.handle("GET", "/pods", lambda account, request: (200, {"pods": [*map(account.shown, account.visible())]}))
    service.handle("POST", "/pods", created)
    service.handle("GET", "/pods/<which>", lambda account, request, which: (200, account.shown(_pod(account, which))))
    service.handle("PATCH", "/pods/<which>", changed)
    service.handle("DELETE", "/pods/<which>", deleted)
    service.handle("POST", "/pods/<which>/action", acted)


def _pod(account: Account, which: str) -> Pod:
    if which not in account.pods:
        raise not_found("pod")
    return account.pods[which]


def created(account: Account, request: Request) -> tuple[int, Any]:
    asked = json_of(request, _AT_FIRST | _CONTAINER.keys())
    if not str(asked.get("name") or "") or not (asked.get("image") or asked.get("templateId")):
        raise invalid("$: missing properties 'name' or 'image'")
    if not all(isinstance(value, str) for value in asked.get("env", {}).values()):
        raise invalid("$.env: got number, want string")
    if ("gpu" in asked) is ("cpu" in asked):
        raise broken("exactly one of gpu or cpu must be set")
    if account.balance <= 0:
        raise no(402, "Your balance is too low.")
    if not account.may_create:
        raise no(403, "access denied")
    config = {**_CONTAINER, "cloud": "SECURE", **asked, "mounts": _mounts(account, asked)}
    center = _place(account, asked)
    number = next(account.numbers)
    one = Pod(_id(number), str(asked["name"]), config, center, account.now, account.now + account.shows_after)
    account.run(one)
    account.pods[one.id] = one
    account.ever.append(one.id)
    return 201, account.shown(one)


def _place(account: Account, asked: dict[str, Any]) -> str:
    wished = [str(one) for one in asked.get("dataCenterIds") or []]
    if cpu := asked.get("cpu"):
        if cpu.get("id") not in catalog.CPUS or not 2 <= cpu.get("vcpuCount", 0) <= catalog.MOST_VCPUS:
            raise broken("no such cpu flavor")
        return next((one for one in sorted(catalog.CENTERS) if not wished or one in wished), "") or _none()
    gpu = asked["gpu"]
    if strange := sorted(gpu.keys() - {"id", "count", "allowedCudaVersions", "minCudaVersion"}):
        raise invalid(f"$.gpu: additional properties {strange} not allowed")
    if gpu.get("id") not in catalog.GPUS or not 1 <= gpu.get("count", 1) <= catalog.GPUS[gpu["id"]].most:
        raise broken("no such gpu type")
    floor = tuple(map(int, str(gpu.get("minCudaVersion") or "0.0").split(".")))
    return (floor <= catalog.CUDA and account.place(gpu["id"], wished)) or _none()


def _none() -> str:
    raise full()


def _mounts(account: Account, asked: dict[str, Any]) -> dict[str, Any]:
    mounts: dict[str, Any] = asked.get("mounts") or {}
    if "persistent" in mounts and "network" in mounts:
        raise broken("mounts.persistent and mounts.network are mutually exclusive")
    if kept := mounts.get("persistent"):
        if kept["size"] < 10:
            raise invalid("$.mounts.persistent.size: minimum: got less, want 10")
        if "cpu" in asked:
            raise broken("mounts.persistent is invalid for a cpu pod")
    for one in mounts.get("network") or ():
        if one["volumeId"] not in account.volumes:
            raise not_found("network volume")
    return mounts


def changed(account: Account, request: Request, which: str) -> tuple[int, Any]:
    """Everything but a name and a lock resets one that runs, which empties its disk."""
    one, asked = _pod(account, which), json_of(request, _LATER | _CONTAINER.keys())
    one.name = str(asked.pop("name", one.name))
    one.locked = bool(asked.pop("locked", one.locked))
    if asked:
        one.config |= asked
        if one.status == "RUNNING":
            _reset(account, one)
    return 200, account.shown(one)


def _reset(account: Account, one: Pod) -> None:
    if one.locked:
        raise no(409, "pod is locked")
    account.halt(one)
    account.run(one)


def deleted(account: Account, request: Request, which: str) -> tuple[int, Any]:
    del account.pods[_pod(account, which).id]
    return 204, None


def acted(account: Account, request: Request, which: str) -> tuple[int, Any]:
    one, asked = _pod(account, which), json_of(request, frozenset({"action"}))
    action = asked.get("action")
    if action not in ("start", "stop", "restart", "terminate"):
        raise invalid("$.action: value must be one of start, stop, restart, terminate")
    shown = account.shown(one)
    if action not in shown["actions"] or (action == "stop" and one.locked):
        raise no(409, f"action {action} is not valid while the pod is {one.status}")
    match action:
        case "terminate":
            return deleted(account, request, which)
        case "stop":
            account.halt(one)
        case "restart":
            _reset(account, one)
        case _:
            if account.lent_away and "gpu" in one.config:
                raise lent_away()
            account.run(one)
    return 200, account.shown(one)


def json_of(request: Request, known: frozenset[str]) -> dict[str, Any]:
    asked = request.get_json(silent=True)
    if not isinstance(asked, dict):
        raise invalid("$: got nothing, want object")
    if strange := sorted(asked.keys() - known):
        raise invalid(*(f"$: additional properties '{one}' not allowed" for one in strange))
    return asked


def _id(number: int) -> str:
    """Fourteen letters and digits."""
    told = ""
    for _ in range(14):
        number, digit = divmod(number * 7 + 3, 36)
        told += _LETTERS[digit]
        number += 36**6
    return told
