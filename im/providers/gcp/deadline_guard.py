"""The guard at Google Cloud: a task of Cloud Tasks for each machine, which stops it (or deletes it) at its moment.

It calls as a service account of its own, `im-guard`; docs/clouds/gcp.md has what has to be there before.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from im.domain.scope import Scope
from im.domain.sighting import Sighting
from im.domain.state import Observed
from im.providers.contract import GUARD, Check
from im.providers.errors import Forbidden, InvalidSpec, NotFound, ProviderError, Unavailable, WrongState
from im.providers.features import Guarded, Resource
from im.providers.gcp.api import GcpApi
from im.providers.gcp.cloud_tasks import QUEUE, CloudTasks, Task, account_of
from im.providers.gcp.listing import everywhere
from im.providers.gcp.machines import Machines
from im.providers.gcp.rights import ACT_AS, GUARD_PERMISSIONS
from im.providers.kit.each import each
from im.providers.kit.http import JsonApi
from im.providers.machine import Machine

KIND = "task"
_DOCS = "docs/clouds/gcp.md has what a guard needs"


class TasksGuard:
    """Cloud Tasks as a guard, and as a place where guards are left lying."""

    def __init__(self, tasks: CloudTasks, machines: Machines, api: GcpApi) -> None:
        self._tasks, self._machines, self._api = tasks, machines, api

    def set(self, scope: Scope, guards: Mapping[Machine, Guarded]) -> Mapping[str, ProviderError]:
        """One look at the queue; then for each machine its new task, and only after that its old ones are taken away.

        Whatever a look shows of a machine beside what is asked for is taken away: also what a crash left between the two.
        """
        wishes = {machine: wish for machine, wish in guards.items() if wish.at is not None}
        there: defaultdict[str, list[Task]] = defaultdict(list)
        try:
            for task in self._tasks.pending(scope.region):
                there[task.machine].append(task)
        except NotFound:
            return {machine.id: _no_queue(scope.region) for machine in wishes}
        except Forbidden as exc:
            raise Forbidden(f"{exc.message}; {_DOCS}") from exc
        zones = self._machines.zones_of(list(wishes)) if wishes else {}

        def one(machine: Machine) -> Sighting:
            mine, kept = there[machine.id], ""
            if machine in wishes:
                path = self._machines.path(machine, zones)
                kept = self._standing(mine, wishes[machine]) or self._created(
                    scope.region, path, machine, wishes[machine]
                )
            for task in mine:
                if task.name != kept:
                    self._tasks.delete(scope.region, task.name)
            return Sighting(machine.id, Observed.RUNNING)

        return each(list(guards), one).failed

    def _standing(self, tasks: Sequence[Task], wish: Guarded) -> str:
        return next((one.name for one in tasks if (one.at, one.what) == (wish.at, wish.what)), "")

    def _created(self, region: str, path: str, machine: Machine, wish: Guarded) -> str:
        assert wish.at is not None
        try:
            return self._tasks.create(region, path, machine.id, wish.what, wish.at)
        except NotFound as exc:
            raise _no_queue(region) from exc
        except Forbidden as exc:
            line = f"; {_lend(self._api.project())}" if ACT_AS in exc.message else ""
            raise Forbidden(f"{exc.message}{line}; {_DOCS}") from exc

    # ---- what is left lying ----

    def left(self, scope: Scope) -> list[Resource]:
        """Every task of ours; used while its machine is there. None is looked for where none can have been made."""
        try:
            tasks = list(self._tasks.pending(scope.region))
        except (NotFound, Forbidden, InvalidSpec):
            return []
        alive = self._alive() if tasks else frozenset()
        return [
            Resource(KIND, f"{KIND}/{one.name}", one.name, f"would {one.what} {one.machine}", one.machine in alive)
            for one in tasks
        ]

    def _alive(self) -> frozenset[str]:
        """Numbers of every machine of the project."""
        found: set[str] = set()
        for page in everywhere(self._api, "instances", "id"):
            if page.unseen:
                raise Unavailable("Google Cloud does not show every zone now, and a task's machine may be there")
            found |= {str(one["id"]) for one in page.things}
        return frozenset(found)

    def discard(self, scope: Scope, things: Sequence[Resource]) -> dict[str, ProviderError]:
        """Those whose machine is still gone; returns what failed, by id."""
        failed: dict[str, ProviderError] = {}
        there = {one.id: one for one in self.left(scope)} if things else {}
        for one in (there[thing.id] for thing in things if thing.id in there):
            try:
                if one.used:
                    raise WrongState(f"the machine of the {one.kind} {one.name} is there again")
                self._tasks.delete(scope.region, one.name)
            except ProviderError as exc:
                failed[one.id] = exc
        return failed

    # ---- for `im doctor` ----

    def check(self, scope: Scope, manager: JsonApi, iam: JsonApi) -> Check:
        """Is there all that a guard needs? Changes nothing, never raises."""
        try:
            found = self._queue_fault(scope.region) or self._rights_fault(manager) or self._account_fault(iam)
        except ProviderError as exc:
            return Check(GUARD, ok=False, detail=exc.message, fix=_DOCS)
        if found is not None:
            detail, fix = found
            return Check(GUARD, ok=False, detail=detail, fix=fix)
        told = f"the queue {QUEUE} runs in {scope.region}; not proven that {account_of(self._api.project())} may stop machines"
        return Check(GUARD, ok=True, detail=told)

    def _queue_fault(self, region: str) -> tuple[str, str] | None:
        try:
            state = self._tasks.state(region)
        except NotFound:
            return f"there is no queue {QUEUE} in {region}", _make_queue(region)
        if state != "RUNNING":
            told = f"the queue {QUEUE} in {region} is {state.lower()}, and no guard acts"
            return told, f"gcloud tasks queues resume {QUEUE} --location={region}"
        return None

    def _rights_fault(self, manager: JsonApi) -> tuple[str, str] | None:
        path = f"/v1/projects/{self._api.project()}:testIamPermissions"
        try:
            told = manager.send("POST", path, {"permissions": list(GUARD_PERMISSIONS)}).body.get("permissions") or []
        except Forbidden:  # the API that tells is off: `permissions` says so
            return None
        missing = [one for one in GUARD_PERMISSIONS if one not in told]
        return (
            (f"these are missing: {', '.join(missing)}", "give it the second custom role of docs/clouds/gcp.md")
            if missing
            else None
        )

    def _account_fault(self, iam: JsonApi) -> tuple[str, str] | None:
        project = self._api.project()
        path = f"/v1/projects/-/serviceAccounts/{account_of(project)}:testIamPermissions"
        try:
            told = iam.send("POST", path, {"permissions": [ACT_AS]}).body.get("permissions") or []
        except (NotFound, InvalidSpec):
            return (
                f"there is no service account {account_of(project)}",
                f"gcloud iam service-accounts create {QUEUE} --project={project}",
            )
        except Forbidden:
            return None
        return None if ACT_AS in told else (f"{ACT_AS} is missing on {account_of(project)}", _lend(project))


def _no_queue(region: str) -> ProviderError:
    return InvalidSpec(f"there is no queue {QUEUE} in {region} to put a guard in: {_make_queue(region)}; {_DOCS}")


def _make_queue(region: str) -> str:
    return f"gcloud tasks queues create {QUEUE} --location={region}"


def _lend(project: str) -> str:
    whom = "--member=serviceAccount:THE-WORKERS --role=roles/iam.serviceAccountUser"
    return f"gcloud iam service-accounts add-iam-policy-binding {account_of(project)} {whom}"
