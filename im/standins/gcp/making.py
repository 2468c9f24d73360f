"""A machine is asked for: what is wrong with it is said at once, and want of room only when it is half made."""

from __future__ import annotations

import re
from typing import Any

from werkzeug.wrappers import Request

from im.standins.gcp import catalog, errors
from im.standins.gcp.asked import body_of, checked_labels, last, project_needs
from im.standins.gcp.project import Disk, Machine, Operation, Project

_NAME = re.compile(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?")


def insert(project: Project, request: Request, zone: str) -> tuple[int, Any]:
    asked = body_of(request)
    made = project.once(request.args.get("requestId", ""), lambda: _begin(project, zone, asked))
    return 200, project.shown(made)


def _begin(project: Project, zone: str, asked: dict[str, Any]) -> Operation:
    name, kind = str(asked.get("name") or ""), last(asked.get("machineType"))
    path = f"projects/{project.name}/zones/{zone}"
    if zone not in catalog.ALL_ZONES:
        raise errors.not_found(path)
    if not _NAME.fullmatch(name):
        raise errors.invalid(
            "resource.name", f"'{name}'. Must be a match of regex '(?:[a-z](?:[-a-z0-9]{{0,61}}[a-z0-9])?)'"
        )
    if any(one.name == name and one.zone == zone for one in project.machines.values()):
        raise errors.taken(f"{path}/instances/{name}")
    if not catalog.sold_in(kind, zone):
        message = f"'{kind}'. Machine type with name '{kind}' does not exist in zone '{zone}'."
        raise errors.invalid("resource.machineType", message)
    _check_gpu(asked, zone, path)
    _check_network(project, asked)
    labels = checked_labels(asked.get("labels"))
    if len(project.machines) >= project.most_machines:
        message = f"Quota 'CPUS' exceeded.  Limit: {project.most_machines} in region {catalog.region_of(zone)}."
        raise errors.no(403, "quotaExceeded", message, domain="usageLimits")
    _need(project, asked, path)
    number = next(project.numbers)
    disks = [_disk(project, one, n, name, zone, number) for n, one in enumerate(asked.get("disks") or [])]
    shown_from = project.now + project.blind
    machine = Machine(number, name, zone, kind, asked, labels, project.now, disks, shown_from)
    machine.protected = bool(asked.get("deletionProtection"))
    project.machines[number] = machine
    operation = project.operate("insert", zone, f"zones/{zone}/instances/{name}", number)
    if (kind, zone) in project.lacking:
        others = [one for one in catalog.ALL_ZONES if catalog.region_of(one) == catalog.region_of(zone) and one != zone]
        operation.error, operation.status = errors.exhausted(kind, zone, others), 503
        project.go(machine, "PROVISIONING", "STOPPING", "gone")
    else:
        project.ever.append(number)
        project.go(machine, "PROVISIONING", "STAGING", "RUNNING")
    return operation


def _need(project: Project, asked: dict[str, Any], path: str) -> None:
    """Rights beside that of making it: https://cloud.google.com/compute/docs/instances/create-start-instance, "Permissions"."""
    for net in asked.get("networkInterfaces") or []:
        project_needs(project, "compute.subnetworks.use", path)
        if net.get("accessConfigs"):
            project_needs(project, "compute.subnetworks.useExternalIp", path)
    for field, right in (("metadata", "setMetadata"), ("tags", "setTags"), ("labels", "setLabels")):
        given = asked.get(field) or {}
        if given.get("items") if field != "labels" else given:
            project_needs(project, f"compute.instances.{right}", path)
    for disk in asked.get("disks") or []:
        made_of = disk.get("initializeParams") or {}
        project_needs(project, "compute.disks.create", path)
        if made_of.get("labels"):
            project_needs(project, "compute.disks.setLabels", path)
        if str(made_of.get("sourceImage", "")).startswith(f"projects/{project.name}/"):
            project_needs(project, "compute.images.useReadOnly", path)
        if made_of.get("sourceSnapshot"):
            project_needs(project, "compute.snapshots.useReadOnly", path)


def _check_gpu(asked: dict[str, Any], zone: str, path: str) -> None:
    for one in asked.get("guestAccelerators") or []:
        gpu = last(one.get("acceleratorType"))
        if zone not in catalog.GPUS.get(gpu, ()):
            raise errors.not_found(f"{path}/acceleratorTypes/{gpu}")
        if (asked.get("scheduling") or {}).get("onHostMaintenance") != "TERMINATE":
            message = "Instances with guest accelerators do not support live migration."
            raise errors.invalid("resource.scheduling.onHostMaintenance", message)


def _check_network(project: Project, asked: dict[str, Any]) -> None:
    nets = asked.get("networkInterfaces") or []
    if not nets:
        raise errors.invalid("resource.networkInterfaces", "At least one network interface is required.")
    for net in nets:
        if "network" in net and last(net["network"]) not in project.networks:
            raise errors.not_found(f"projects/{project.name}/global/networks/{last(net['network'])}")


def _disk(project: Project, asked: dict[str, Any], number: int, machine: str, zone: str, owner: int) -> str:
    made_of = asked.get("initializeParams") or {}
    name = str(made_of.get("diskName") or (machine if number == 0 else f"{machine}-{number}"))
    found = project.disks.get((zone, name))
    if found is not None:  # whoever lies there under that name is attached, and nothing new is made
        found.user = owner
        return name
    image = str(made_of.get("sourceImage") or "")
    if image:
        _check_image(project, image)
    kind, size = (
        last(made_of.get("diskType")) or "pd-standard",
        int(made_of.get("diskSizeGb") or (10 if image else 500)),
    )
    if kind not in catalog.DISK_TYPES:
        raise errors.not_found(f"projects/{project.name}/zones/{zone}/diskTypes/{kind}")
    if size < 10:
        message = "Requested disk size cannot be smaller than the image size"
        raise errors.invalid(f"resource.disks[{number}].initializeParams.diskSizeGb", message)
    labels = checked_labels(made_of.get("labels"))
    auto = bool(asked.get("autoDelete"))
    disk = Disk(next(project.numbers), name, zone, kind, size, labels, project.now, last(image), auto, owner)
    project.disks[zone, name] = disk
    return name


def _check_image(project: Project, image: str) -> None:
    parts = image.split("/")
    owner, name = parts[1] if len(parts) > 1 else "", parts[-1]
    if owner != project.name and name not in catalog.FAMILIES.get(owner, ()):
        raise errors.not_found(image)
