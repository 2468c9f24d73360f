"""Cloud Tasks, as far as a guard needs it: one queue in each region, and tasks that call Compute at their moment, once.

https://cloud.google.com/tasks/docs/reference/rest/v2. A task cannot be changed, and the name of one that is gone is not free
again for up to a day: a name holds the machine, the moment, and how often it was needed.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from im.domain.state import OnExpiry
from im.providers import errors as e
from im.providers.errors import ProviderError
from im.providers.gcp.api import GcpApi, last
from im.providers.gcp.errors import CLOUD, translate
from im.providers.kit.http import Answer, said

URL = "https://cloudtasks.googleapis.com"
QUEUE = "im-guard"
_SCOPE = "https://www.googleapis.com/auth/compute"
_PAGE = 1000
_NAMES = 50
"""Names that are tried for one moment: each is used up by a task that was taken away."""
_VERB = {OnExpiry.STOP: "stop", OnExpiry.TERMINATE: "delete"}
_NAME = re.compile(r"[0-9a-f]{8}-([0-9a-f]{8})-(\d+)-(stop|delete)-(\d+)-\d+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Task:
    """One that waits for its moment. `name`: the last part of it."""

    name: str
    machine: str
    what: OnExpiry
    at: datetime


def task_name(deployment: str, machine: str, what: OnExpiry, at: datetime, again: int) -> str:
    """It begins with a hash: Google asks for names that are spread evenly."""
    rest = f"{deployment[:8]}-{machine}-{_VERB[what]}-{int(at.timestamp())}-{again}"
    return f"{hashlib.sha256(rest.encode()).hexdigest()[:8]}-{rest}"


def read_name(name: str, deployment: str) -> Task | None:
    """None for what is not this deployment's."""
    found = _NAME.fullmatch(name)
    if found is None or found[1] != deployment[:8]:
        return None
    what = OnExpiry.TERMINATE if found[3] == "delete" else OnExpiry.STOP
    return Task(name, found[2], what, datetime.fromtimestamp(int(found[4]), UTC))


class CloudTasks:
    """The tasks of one deployment. Every method raises ProviderError; NotFound where there is no queue."""

    def __init__(self, tasks: GcpApi, compute: GcpApi, deployment: str) -> None:
        self._tasks, self._compute, self._deployment = tasks, compute, deployment

    def pending(self, region: str) -> Iterator[Task]:
        """Those of ours that have not been carried out."""
        token: str | None = None
        while True:
            fields = "tasks(name),nextPageToken"
            query = {"pageSize": _PAGE, "pageToken": token, "fields": fields}
            answer = self._tasks.get(f"{_queue(region)}/tasks", **query).body or {}
            for one in answer.get("tasks") or []:
                if (task := read_name(last(one.get("name")), self._deployment)) is not None:
                    yield task
            token = answer.get("nextPageToken")
            if not token:
                return

    def create(self, region: str, path: str, machine: str, what: OnExpiry, at: datetime) -> str:
        """A task that ends the machine at `path`; its name. A name that was used up is passed over."""
        for again in range(_NAMES):
            name = task_name(self._deployment, machine, what, at, again)
            whole = f"projects/{self._tasks.project()}{_queue(region)}/tasks/{name}"
            # what a local SSD holds is lost: a guard cannot ask twice, and one that is refused would never stop it
            request = {
                "url": self._compute.address(
                    path if what is OnExpiry.TERMINATE else f"{path}/stop?discardLocalSsd=true"
                ),
                "httpMethod": "DELETE" if what is OnExpiry.TERMINATE else "POST",
                "oauthToken": {"serviceAccountEmail": account_of(self._tasks.project()), "scope": _SCOPE},
            }
            task = {"name": whole, "scheduleTime": f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}", "httpRequest": request}
            try:
                self._tasks.send("POST", f"{_queue(region)}/tasks", {"task": task})
            except e.WrongState:
                continue
            return name
        raise e.WrongState(
            f"{CLOUD}: the guard of {machine} was moved too often to the same moment; move its deadline a little"
        )

    def delete(self, region: str, name: str) -> None:
        """Gone already is done."""
        with suppress(e.NotFound):
            self._tasks.send("DELETE", f"{_queue(region)}/tasks/{name}")

    def state(self, region: str) -> str:
        """`RUNNING`, where tasks are carried out."""
        return str(self._tasks.get(_queue(region), fields="state").body.get("state"))


def account_of(project: str) -> str:
    """The service account as which Cloud Tasks calls; a project of an organisation's own domain is spelled backwards."""
    domain, _, name = project.rpartition(":")
    return f"{QUEUE}@{f'{name}.{domain}' if domain else name}.iam.gserviceaccount.com"


def translate_task(answer: Answer, mutating: bool) -> ProviderError | None:
    """As Compute's, but what is not found here is the queue or the task, and a name that was used is told with 409."""
    if answer.status == 404:
        return e.NotFound(f"{CLOUD}: {said(answer)}")
    return translate(answer, mutating)


def _queue(region: str) -> str:
    return f"/locations/{region}/queues/{QUEUE}"
