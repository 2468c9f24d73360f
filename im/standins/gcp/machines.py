"""Machines: made, shown, changed, ended; each change is an operation, and what it comes to shows later."""

from __future__ import annotations

import base64
import hashlib
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Request

from im.standins.gcp import catalog, errors, making
from im.standins.gcp.asked import body_of, checked_labels, last
from im.standins.gcp.project import Machine, Project, moment

if TYPE_CHECKING:
    from im.standins.gcp.service import Gcp

MOST_SLEEP = timedelta(days=60)
_GIVEN = ("description", "scheduling", "tags", "metadata", "guestAccelerators", "serviceAccounts")


def register(service: Gcp) -> None:
    at = "/zones/<zone>/instances"
    service.handle("POST", at, making.insert, "compute.instances.create")
    service.handle("GET", f"{at}/<said>", get, "compute.instances.get")
    service.handle("DELETE", f"{at}/<said>", delete, "compute.instances.delete")
    for verb in ("start", "stop", "suspend", "resume", "setLabels", "setDeletionProtection"):
        service.handle("POST", f"{at}/<said>/{verb}", _VERBS[verb], f"compute.instances.{verb}")


# ---- showing ---------------------------------------------------------------------------------------------------------


def fingerprint(labels: dict[str, str]) -> str:
    return base64.b64encode(hashlib.sha256(repr(sorted(labels.items())).encode()).digest()[:8]).decode()


def shown(project: Project, one: Machine) -> dict[str, Any]:
    zone, base = f"{project.base}/zones/{one.zone}", project.base
    net: dict[str, Any] = next(iter(one.body.get("networkInterfaces") or []), {})
    access = [
        {**config, **({"natIP": one.address} if one.address else {})} for config in net.get("accessConfigs") or []
    ]
    made: dict[str, Any] = {
        **{key: one.body[key] for key in _GIVEN if key in one.body},
        "kind": "compute#instance",
        "id": str(one.id),
        "name": one.name,
        "zone": zone,
        "machineType": f"{zone}/machineTypes/{one.kind}",
        "status": one.status,
        "labels": one.labels,
        "labelFingerprint": fingerprint(one.labels),
        "creationTimestamp": moment(one.made),
        "deletionProtection": one.protected,
        "selfLink": f"{zone}/instances/{one.name}",
        "networkInterfaces": [
            {
                "name": "nic0",
                "network": f"{base}/global/networks/{last(net.get('network')) or 'default'}",
                "networkIP": f"10.128.{one.id // 250 % 250}.{one.id % 250 + 2}",
                **({"accessConfigs": access} if access else {}),
            }
        ],
        "disks": [_attached(project, one, n, name) for n, name in enumerate(one.disks)],
    }
    for name, at in (("lastStartTimestamp", one.started), ("lastStopTimestamp", one.stopped)):
        if at is not None:
            made[name] = moment(at)
    if one.status == "STOPPING" and one.started is not None and one.course[-1][1] == "gone":
        made["resourceStatus"] = {"shutdownDetails": {"stopState": "STOPPING", "targetState": "DELETED"}}
    return made


def _attached(project: Project, one: Machine, number: int, name: str) -> dict[str, Any]:
    disk = project.disks[one.zone, name]
    owner = next((owner for owner, names in catalog.FAMILIES.items() if disk.image in names), "")
    license_ = [f"{HOST_LICENSES}/{owner}/global/licenses/{disk.image}"] if owner else []
    made = {"boot": number == 0, "autoDelete": disk.auto_delete, "deviceName": f"persistent-disk-{number}"}
    source = f"{project.base}/zones/{one.zone}/disks/{name}"
    return {
        **made,
        "index": number,
        "diskSizeGb": str(disk.gb),
        "type": "PERSISTENT",
        "licenses": license_,
        "source": source,
    }


HOST_LICENSES = "https://www.googleapis.com/compute/v1/projects"


def get(project: Project, request: Request, zone: str, said: str) -> tuple[int, Any]:
    return 200, shown(project, project.find(zone, said))


# ---- changing --------------------------------------------------------------------------------------------------------


def _operate(project: Project, request: Request, one: Machine, kind: str, *, now: bool = False) -> tuple[int, Any]:
    path = f"zones/{one.zone}/instances/{one.name}"
    lasts = project.takes * 0 if now else None
    made = project.once(request.args.get("requestId", ""), lambda: project.operate(kind, one.zone, path, one.id, lasts))
    return 200, project.shown(made)


def _path(project: Project, one: Machine) -> str:
    return f"projects/{project.name}/zones/{one.zone}/instances/{one.name}"


def start(project: Project, request: Request, zone: str, said: str) -> tuple[int, Any]:
    one = project.find(zone, said)
    if one.status in ("STOPPING", "DEPROVISIONING"):
        raise errors.not_ready(_path(project, one))
    if one.status in ("SUSPENDING", "SUSPENDED"):
        raise errors.no(400, "invalidUsage", "You cannot start a suspended instance; resume it.")
    if one.status != "TERMINATED":
        return _operate(project, request, one, "start", now=True)
    status, answer = _operate(project, request, one, "start")
    if (one.kind, zone) in project.lacking:  # accepted, and it stays where it is; only the operation says why
        operation = project.operations[answer["name"]]
        operation.error, operation.status = errors.exhausted(one.kind, zone, []), 503
        project.go(one, "PROVISIONING", "TERMINATED")
    else:
        project.go(one, "PROVISIONING", "STAGING", "RUNNING")
    return status, answer


def stop(project: Project, request: Request, zone: str, said: str) -> tuple[int, Any]:
    one = project.find(zone, said)
    if one.status == "DEPROVISIONING":
        raise errors.not_ready(_path(project, one))
    local = any(disk.get("type") == "SCRATCH" for disk in one.body.get("disks") or [])
    if local and "discardLocalSsd" not in request.args:
        raise errors.no(
            400, "badRequest", "VM has a Local SSD attached but an undefined value for `discard-local-ssd`."
        )
    if one.status == "SUSPENDING":
        raise errors.not_ready(_path(project, one))
    if one.status in ("TERMINATED", "STOPPING"):
        return _operate(project, request, one, "stop", now=True)
    answer = _operate(project, request, one, "stop")
    project.go(one, "STOPPING", "TERMINATED")
    return answer


def suspend(project: Project, request: Request, zone: str, said: str) -> tuple[int, Any]:
    """Memory is kept for 60 days, and then the machine is stopped."""
    one = project.find(zone, said)
    if one.status in ("PROVISIONING", "STAGING", "STOPPING", "SUSPENDING"):
        raise errors.not_ready(_path(project, one))
    if one.status != "RUNNING" or one.kind in project.sleepless:
        raise errors.no(400, "invalidUsage", "You cannot suspend this instance.")
    answer = _operate(project, request, one, "suspend")
    if one.kind in project.restless:
        operation = project.operations[answer[1]["name"]]
        operation.error, operation.status = (
            {"code": "UNSUPPORTED_OPERATION", "message": "The guest did not suspend."},
            400,
        )
        project.go(one, "SUSPENDING", "RUNNING")
    else:
        project.go(one, "SUSPENDING", "SUSPENDED")
        one.course.append((project.now + project.takes + MOST_SLEEP, "TERMINATED"))
    return answer


def resume(project: Project, request: Request, zone: str, said: str) -> tuple[int, Any]:
    one = project.find(zone, said)
    if one.status != "SUSPENDED":
        raise errors.not_ready(_path(project, one))
    answer = _operate(project, request, one, "resume")
    project.go(one, "PROVISIONING", "STAGING", "RUNNING")
    return answer


def delete(project: Project, request: Request, zone: str, said: str) -> tuple[int, Any]:
    one = project.find(zone, said)
    if one.protected:
        message = f"Resource cannot be deleted if it's protected against deletion. {_path(project, one)} has deletion protection."
        raise errors.no(400, "invalidResourceUsage", f"Invalid resource usage: '{message}'")
    if one.course and one.course[-1][1] == "gone":
        raise errors.not_ready(_path(project, one))
    answer = _operate(project, request, one, "delete")
    project.go(one, "STOPPING", "gone")
    return answer


def set_labels(project: Project, request: Request, zone: str, said: str) -> tuple[int, Any]:
    one, asked = project.find(zone, said), body_of(request)
    if asked.get("labelFingerprint") != fingerprint(one.labels):
        raise errors.no(412, "conditionNotMet", "Labels fingerprint either invalid or resource labels have changed")
    one.labels = checked_labels(asked.get("labels"))
    return _operate(project, request, one, "setLabels", now=True)


def protect(project: Project, request: Request, zone: str, said: str) -> tuple[int, Any]:
    one = project.find(zone, said)
    one.protected = request.args.get("deletionProtection", "true") == "true"
    return _operate(project, request, one, "setDeletionProtection", now=True)


_VERBS = {
    "start": start,
    "stop": stop,
    "suspend": suspend,
    "resume": resume,
    "setLabels": set_labels,
    "setDeletionProtection": protect,
}
