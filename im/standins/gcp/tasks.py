"""Cloud Tasks: tasks wait in a queue of their region, and at their moment call this stand-in's own Compute, until it takes one."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from im.standins.gcp import catalog, errors, machines
from im.standins.gcp.asked import body_of
from im.standins.service import Refusal

if TYPE_CHECKING:
    from im.standins.gcp.project import Project
    from im.standins.gcp.service import Gcp

AHEAD = timedelta(days=30)
RELEASED = timedelta(hours=24)
"""A name is not free again for so long after its task is gone."""
_MOST_ATTEMPTS, _FIRST_WAIT, _LONGEST_WAIT = 100, 0.1, 3600.0
_NAME = re.compile(r"[A-Za-z0-9_-]{1,500}", re.ASCII)
_INSTANCE = re.compile(r"/compute/v1/projects/([^/]+)/zones/([^/]+)/instances/([^/]+?)(/stop)?", re.ASCII)
_ACT_AS = "iam.serviceAccounts.actAs"


@dataclass
class Task:
    name: str
    region: str
    at: datetime
    """Of its next attempt."""
    method: str
    url: str
    account: str
    made: datetime
    attempts: int = 0


def register(service: Gcp) -> None:
    at = "/v2/projects/<project>/locations/<region>/queues/<queue>"
    service.apart("GET", at, _queue, "cloudtasks.queues.get")
    service.apart("GET", f"{at}/tasks", _listed, "cloudtasks.tasks.list")
    service.apart("POST", f"{at}/tasks", _create, "cloudtasks.tasks.create")
    service.apart("DELETE", f"{at}/tasks/<name>", _delete, "cloudtasks.tasks.delete")
    service.apart("POST", "/v1/projects/<project>/serviceAccounts/<email>:testIamPermissions", _lent, "")


def account_of(project: Project) -> str:
    return f"im-guard@{project.name}.iam.gserviceaccount.com"


# ---- time ------------------------------------------------------------------------------------------------------------


def fire(project: Project, now: datetime, write: Callable[..., None]) -> None:
    """Carry out what is due, each at its own moment. `write`: in the books, as any other call."""
    while due := sorted((one for one in project.tasks.values() if _is_due(project, one, now)), key=lambda one: one.at):
        task = due[0]
        project.settle(task.at)
        status = _dispatch(project, task)
        write(task.account, task.method, urlsplit(task.url).path, status, "" if status < 400 else "refused")
        task.attempts += 1
        if status < 400 or task.attempts >= _MOST_ATTEMPTS:
            _forget(project, task)
        else:
            task.at += timedelta(seconds=min(_FIRST_WAIT * 2.0 ** min(task.attempts, 16), _LONGEST_WAIT))


def _is_due(project: Project, task: Task, now: datetime) -> bool:
    return task.at <= now and task.region not in project.paused_queues


def _dispatch(project: Project, task: Task) -> int:
    """The status that Compute answers with."""
    split = urlsplit(task.url)
    found = _INSTANCE.fullmatch(split.path)
    if found is None or found[1] != project.name:
        return 404
    stops = found[4] is not None
    needed = f"compute.instances.{'stop' if stops else 'delete'}"
    if not project.guard_account or (project.guard_granted is not None and needed not in project.guard_granted):
        return 403
    call = machines.stop if stops else machines.delete
    request = Request(EnvironBuilder(split.path, method=task.method, query_string=split.query).get_environ())
    project.caller = task.account
    try:
        return call(project, request, found[2], found[3])[0]
    except Refusal as refusal:
        return refusal.status
    finally:
        project.caller = ""


def _forget(project: Project, task: Task) -> None:
    del project.tasks[task.region, task.name]
    project.task_names[task.region, task.name] = project.now + RELEASED


# ---- calls -----------------------------------------------------------------------------------------------------------


def _there(project: Project, region: str, queue: str) -> str:
    if "cloudtasks.googleapis.com" in project.apis_off:
        raise errors.disabled("Cloud Tasks API", "cloudtasks.googleapis.com", project.name)
    if region not in catalog.ZONES:
        raise errors.plain(
            400, f"Location '{region}' is not a valid location. Use ListLocations to list valid locations."
        )
    if queue != "im-guard" or region not in project.queues:
        wait = "If you just created the queue, wait at least a minute for the queue to initialize."
        raise errors.plain(404, f"Queue does not exist. {wait}")
    return f"projects/{project.name}/locations/{region}/queues/{queue}"


def _queue(project: Project, request: Request, region: str, queue: str) -> tuple[int, Any]:
    name = _there(project, region, queue)
    return 200, {"name": name, "state": "PAUSED" if region in project.paused_queues else "RUNNING"}


def _shown(project: Project, task: Task) -> dict[str, Any]:
    whole = f"projects/{project.name}/locations/{task.region}/queues/im-guard/tasks/{task.name}"
    request = {"url": task.url, "httpMethod": task.method, "oauthToken": {"serviceAccountEmail": task.account}}
    times = {"scheduleTime": _zulu(task.at), "createTime": _zulu(task.made)}
    return {"name": whole, **times, "dispatchCount": task.attempts, "httpRequest": request, "view": "BASIC"}


def _zulu(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _listed(project: Project, request: Request, region: str, queue: str) -> tuple[int, Any]:
    _there(project, region, queue)
    size, at = min(int(request.args.get("pageSize") or 1000), 1000), int(request.args.get("pageToken") or 0)
    here = [_shown(project, one) for (where, _), one in sorted(project.tasks.items()) if where == region]
    more = {"nextPageToken": str(at + size)} if at + size < len(here) else {}
    return 200, {"tasks": here[at : at + size], **more}


def _create(project: Project, request: Request, region: str, queue: str) -> tuple[int, Any]:
    parent, task = _there(project, region, queue), body_of(request).get("task") or {}
    head, _, name = str(task.get("name") or "").rpartition("/tasks/")
    if head != parent or not _NAME.fullmatch(name):
        raise errors.plain(400, "Task name must be formatted: projects/<P>/locations/<L>/queues/<Q>/tasks/<T>")
    asked = task.get("httpRequest") or {}
    token = asked.get("oauthToken") or {}
    at = datetime.fromisoformat(str(task.get("scheduleTime") or ""))
    if at - project.now > AHEAD:
        raise errors.plain(400, "The schedule_time is too far in the future: at most 30 days are allowed.")
    project.used.add(_ACT_AS)
    email = str(token.get("serviceAccountEmail"))
    if email != account_of(project) or not project.guard_account or not project.guard_lent:
        raise errors.plain(403, _lacks(_ACT_AS, email))
    taken = project.task_names.get((region, name))
    if (region, name) in project.tasks or (taken is not None and taken > project.now):
        raise errors.plain(409, "Requested entity already exists")
    made = Task(name, region, max(at, project.now), str(asked["httpMethod"]), str(asked["url"]), email, project.now)
    project.tasks[region, name] = made
    return 200, _shown(project, made)


def _delete(project: Project, request: Request, region: str, queue: str, name: str) -> tuple[int, Any]:
    _there(project, region, queue)
    if (region, name) not in project.tasks:
        raise errors.plain(404, "The task no longer exists, though a task with this name existed recently.")
    _forget(project, project.tasks[region, name])
    return 200, {}


def _lacks(permission: str, resource: str) -> str:
    whose = f'"{permission}" for the resource "{resource}" (or the resource may not exist)'
    return f"The principal (user or service account) lacks IAM permission {whose}."


def lacks(permission: str, project: Project) -> Refusal:
    return errors.plain(403, _lacks(permission, f"projects/{project.name}"))


def _lent(project: Project, request: Request, email: str) -> tuple[int, Any]:
    """IAM: which of the rights on a service account the caller has."""
    if email != account_of(project) or not project.guard_account:
        raise errors.plain(404, f"Unknown service account: {email}")
    asked = body_of(request).get("permissions") or []
    return 200, {"permissions": [one for one in asked if one != _ACT_AS or project.guard_lent]}
