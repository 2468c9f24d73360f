"""RunPod behind the contract: which calls each verb makes.

RunPod has no fence for a launch, and makes one pod a call: a launch is one pod, and the slots that it has no room for join the
next. One whose answer was lost is looked for by its token, which its pod carries from the first, and asked for again only when
nothing of it shows for longer than RunPod is known to take. A stop gives the GPUs away, and a start may come back without them.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from im.domain import tags
from im.domain.config.sandbox import sandbox_at
from im.domain.errors import Refused
from im.domain.scope import Scope
from im.domain.sighting import Sighting
from im.domain.spec.spec import Spec
from im.domain.state import Observed
from im.providers import errors
from im.providers.contract import EVERYTHING, BatchResult, Check, Filter, Slot, Snapshot
from im.providers.errors import NoCapacity, NotFound, Unauthenticated, WrongState
from im.providers.kit.changed_label import nobodys, refuse_changed
from im.providers.kit.each import each
from im.providers.kit.marked_name import marked
from im.providers.machine import Machine
from im.providers.runpod import gpus
from im.providers.runpod.account import token_of, url
from im.providers.runpod.api import RunPodApi
from im.providers.runpod.checks import checks
from im.providers.runpod.features import Adoption, Zones
from im.providers.runpod.instances import LENT_AWAY, request, sighting
from im.providers.runpod.prices import Prices
from im.providers.runpod.profile import PROFILE

if TYPE_CHECKING:
    from im.settings import Settings

NAME = PROFILE.name
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)


class RunPodProvider:
    """One account, for one deployment."""

    deadline_guard = None
    leftovers = None
    marks = None
    protection = None
    shelving = None
    spot = None
    states = None

    def __init__(self, api: RunPodApi, deployment: str) -> None:
        self.capabilities = PROFILE.capabilities
        self._api, self._deployment = api, deployment
        self._user = ""
        self.adoption = Adoption(api, deployment)
        self.prices = Prices(api)
        self.zones = Zones(api)

    def identity(self, scope: Scope, *, afresh: bool = False) -> str:
        """The user, or the team, that the key belongs to."""
        if afresh or not self._user:
            self._user = self._api.user()
        return f"user {self._user}"

    # ---- launching ---------------------------------------------------------------------------------------------------

    def launch(self, scope: Scope, spec: Spec, *, token: str, slots: Sequence[Slot]) -> list[Sighting]:
        """A pod for the first slot."""
        slot = slots[0]
        facts = {
            tags.DEPLOYMENT: self._deployment,
            tags.LAUNCH: token,
            tags.OWNER: spec.owner,
            tags.INSTANCE: slot.instance_id,
            tags.NAME: slot.name,
        }
        name = marked(slot.name, slot.instance_id, self._deployment, token)
        asked = request(spec, name, facts, self._sold(spec))
        try:
            pod = self._api.send("POST", "/pods", asked)
        except errors.Forbidden as exc:
            raise errors.NotOffered(exc.message) from exc  # not to this account; another type or place may be
        except NotFound as exc:
            raise errors.InvalidSpec(exc.message) from exc  # the network volume
        if not pod.get("id"):
            raise errors.Ambiguous("RunPod answered a launch without saying what it has made")
        return [
            sighting({**pod, "name": name, "env": asked["env"], "dataCenterId": pod.get("dataCenterId") or spec.zone})
        ]

    def _sold(self, spec: Spec) -> list[str]:
        """Ids of GPUs, asked for where our own table does not have the one that is wished."""
        wished = gpus.parse(spec.instance_type)
        if not isinstance(wished, gpus.Gpu) or wished.word in gpus.IDS:
            return []
        return [str(one["id"]) for one in self._api.listed("/catalog/gpus", "gpus")]

    def label(self, scope: Scope, slots: Mapping[Machine, Slot]) -> None:
        """Nothing to do: a pod carries its name and its id from the first."""

    # ---- looking -----------------------------------------------------------------------------------------------------

    def describe(self, scope: Scope, machines: Sequence[Machine]) -> dict[str, Sighting]:
        """One is asked for by its id, which shows it before the list does; several by the list.

        Of one whose name says that it is another's, it is told that it is nobody's.
        """
        wanted = {one.id for one in machines if _ID.fullmatch(one.id)}
        if len(wanted) == 1:
            try:
                seen = [self._pod(Machine(next(iter(wanted))))]
            except NotFound:
                seen = []
        else:
            seen = self._api.listed("/pods", "pods") if wanted else []
        return {one["id"]: nobodys(sighting(one)) for one in seen if one.get("id") in wanted}

    def list(self, scope: Scope, which: Filter = EVERYTHING) -> Iterator[Snapshot]:
        """RunPod shows all pods of the account at once; strangers' are left out here."""
        answer = self._api.get("/pods")
        shown = (sighting(one) for one in self._api.rows(answer, "pods"))
        yield Snapshot(True, tuple(one for one in shown if self._is_wanted(one, which)), answer.date)

    def _is_wanted(self, one: Sighting, which: Filter) -> bool:
        if one.tags.get(tags.DEPLOYMENT) != self._deployment or which.zone not in ("", one.zone):
            return False
        return not which.token or one.tags.get(tags.LAUNCH) == which.token

    def _pod(self, machine: Machine) -> dict[str, Any]:
        """Raises NotFound."""
        found: dict[str, Any] = self._api.get(_path(machine)).body
        return found

    # ---- changing ----------------------------------------------------------------------------------------------------

    def start(self, scope: Scope, machines: Sequence[Machine]) -> BatchResult:
        return self._each(scope, machines, self._start)

    def stop(self, scope: Scope, machines: Sequence[Machine], *, hibernate: Collection[str] = ()) -> BatchResult:
        return self._each(scope, machines, lambda one: self._act(one, "stop", Observed.STOPPED))

    def terminate(self, scope: Scope, machines: Sequence[Machine]) -> BatchResult:
        """Accepted is not gone: only a look that finds no pod ends it."""

        def delete(machine: Machine) -> Sighting:
            self._api.send("DELETE", _path(machine))
            return Sighting(machine.id, Observed.TERMINATING)

        return self._each(scope, machines, delete)

    def _each(self, scope: Scope, machines: Sequence[Machine], change: Callable[[Machine], Sighting]) -> BatchResult:
        """A call for each of those whose names do not say that they are none of ours."""
        there = self.describe(scope, machines)

        def one(machine: Machine) -> Sighting:
            refuse_changed(there.get(machine.id), self._deployment, "RunPod")
            return change(machine)

        return each(machines, one)

    def _start(self, machine: Machine) -> Sighting:
        """Raises NoCapacity where its GPUs are lent to others; one that runs without them is stopped again first."""
        try:
            seen = self._act(machine, "start", Observed.RUNNING)
        except NoCapacity as exc:
            raise NoCapacity(f"{exc.message}; {LENT_AWAY}") from exc
        if seen.state is Observed.HALTED:
            self._act(machine, "stop", Observed.STOPPED)
            raise NoCapacity(f"it came back without a GPU, and was stopped again: {LENT_AWAY}")
        return seen

    def _act(self, machine: Machine, action: str, goal: Observed) -> Sighting:
        """Refused for its state, it is looked at: the goal may be reached."""
        try:
            pod = self._api.send("POST", f"{_path(machine)}/action", {"action": action})
        except WrongState:
            seen = sighting(self._pod(machine))
            if seen.state is goal or (goal is Observed.RUNNING and seen.state in (Observed.PENDING, Observed.HALTED)):
                return seen
            raise
        if not pod.get("id"):
            raise errors.Ambiguous(f"RunPod answered a {action} without showing the pod")
        seen = sighting(pod)
        if seen.state in (goal, Observed.HALTED):
            return seen
        return Sighting(machine.id, Observed.PENDING if goal is Observed.RUNNING else Observed.STOPPING)

    def checks(self, scope: Scope) -> Sequence[Check]:
        return checks(self._api, scope, lambda: self.identity(scope))


def _path(machine: Machine) -> str:
    if not _ID.fullmatch(machine.id):
        raise NotFound(f"RunPod has no pod {machine.id[:40]}")
    return f"/pods/{machine.id}"


def from_settings(settings: Settings, deployment: str, account: str) -> RunPodProvider:
    """The provider for this process and one of our accounts; no call is made yet."""
    if address := settings.sandbox_of(NAME):
        sandbox = sandbox_at(address)
        return RunPodProvider(RunPodApi(lambda: f"{account}.{sandbox.secret}", sandbox.endpoint), deployment)

    def token() -> str:
        try:
            return token_of(settings.account_called(account, NAME), os.environ)
        except Refused as exc:
            raise Unauthenticated(f"{exc.message} in the settings of this worker ({exc.hint})") from exc

    return RunPodProvider(RunPodApi(token, url(os.environ)), deployment)
