"""Crusoe behind the contract: which calls each verb makes.

Crusoe has no fence for a launch: one that is repeated makes a second machine. So a launch is one machine, and one whose answer
was lost is looked for by the mark of its token, which its machine carries in its name. Everything is an operation, and nobody
waits for one: that there was no room is told by the operation alone, which is looked at once its machine is gone, or in an error.
"""

from __future__ import annotations

import os
from base64 import urlsafe_b64encode
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from im.domain import tags
from im.domain.cause import UNKNOWN_CAUSE, Cause
from im.domain.config.sandbox import sandbox_at
from im.domain.errors import Refused
from im.domain.scope import Scope
from im.domain.sighting import Sighting
from im.domain.spec.spec import Spec
from im.domain.state import Observed
from im.providers import errors
from im.providers.contract import EVERYTHING, BatchResult, Check, Filter, Slot, Snapshot
from im.providers.crusoe import operations
from im.providers.crusoe.account import Credentials, credentials_of, url
from im.providers.crusoe.api import CLOUD, UUID, VMS, CrusoeApi
from im.providers.crusoe.billing import DISK, OS_GB
from im.providers.crusoe.checks import checks
from im.providers.crusoe.features import Adoption, Locations
from im.providers.crusoe.instances import CODEC, is_understood, sighting, word_of
from im.providers.crusoe.operations import OPERATION
from im.providers.crusoe.profile import PROFILE
from im.providers.crusoe.user_data import once
from im.providers.errors import InvalidSpec, LabelChanged, NotFound, ProviderError, Unauthenticated, WrongState
from im.providers.kit.each import each
from im.providers.machine import Machine

if TYPE_CHECKING:
    from im.settings import Settings

NAME = PROFILE.name
_AT_ONCE = 40
"""So many ids are asked for in one call."""


class CrusoeProvider:
    """One project, for one deployment."""

    deadline_guard = None
    leftovers = None  # nothing is made beside a machine
    marks = None
    prices = None  # no call tells them
    protection = None
    shelving = None  # a stopped machine costs its disk alone
    spot = None
    states = None

    def __init__(self, api: CrusoeApi, deployment: str) -> None:
        self.capabilities = PROFILE.capabilities
        self._api, self._deployment = api, deployment
        self._project = ""
        self.adoption = Adoption()
        self.zones = Locations(api)

    def identity(self, scope: Scope, *, afresh: bool = False) -> str:
        """The project's id, with that of its organization: neither is ever another's."""
        if afresh or not self._project:
            told = self._api.project(afresh=afresh)
            self._project = f"project {told['id']} of organization {told.get('organization_id')}"
        return self._project

    # ---- launching ---------------------------------------------------------------------------------------------------

    def launch(self, scope: Scope, spec: Spec, *, token: str, slots: Sequence[Slot]) -> list[Sighting]:
        """A machine for the first slot: were there more in a call, those before one whose answer is lost would wait with it."""
        return [self._create(spec, token, slots[0])]

    def _create(self, spec: Spec, token: str, slot: Slot) -> Sighting:
        facts = {tags.DEPLOYMENT: self._deployment, tags.LAUNCH: token, tags.OWNER: spec.owner}
        name = CODEC.written({**facts, tags.INSTANCE: slot.instance_id, tags.NAME: slot.name})
        try:
            operation = self._api.send("POST", VMS, _request(spec, name))
        except NotFound as exc:
            raise InvalidSpec(exc.message) from exc  # the type, the image or the location
        if (failed := operations.error_of(operation)) is not None:
            raise failed
        machine = operations.machine_of(operation)
        if not machine:
            raise errors.Ambiguous(f"{CLOUD} accepted a launch without saying which machine comes of it")
        return Sighting(
            machine,
            Observed.PENDING,
            spec.zone,
            tags=CODEC.read(name, self._deployment),
            disk_gb=OS_GB,
            disk_type=DISK,
            instance_type=spec.instance_type,
            notes={OPERATION: str(operation.get("operation_id") or "")},
        )

    def label(self, scope: Scope, slots: Mapping[Machine, Slot]) -> None:
        """Nothing to do: a machine carries its name and its id from the first."""

    # ---- looking -----------------------------------------------------------------------------------------------------

    def describe(self, scope: Scope, machines: Sequence[Machine]) -> dict[str, Sighting]:
        """By ids; what such a list does not show is asked for alone, and then its operation, before it is said not to be there."""
        asked = [one for one in dict.fromkeys(machines) if UUID.fullmatch(one.id)]
        there, found = self._by_id(asked), dict[str, Sighting]()
        for one in asked:
            seen = self._seen(one, there.get(one.id) or self._alone(one))
            if seen is not None:
                # whose name is not ours is nobody's, whatever a row may think of it
                found[one.id] = replace(seen, tags={tags.DEPLOYMENT: "", **seen.tags}) if seen.tags else seen
        return found

    def _by_id(self, machines: Sequence[Machine]) -> dict[str, dict[str, Any]]:
        """As a list of these shows them; one that it does not show may be there all the same."""
        found: dict[str, dict[str, Any]] = {}
        ids = [one.id for one in machines if UUID.fullmatch(one.id)]
        for at in range(0, len(ids), _AT_ONCE):
            named = {"ids": ",".join(ids[at : at + _AT_ONCE])}
            found |= {str(vm["id"]): vm for page in self._api.pages(VMS, named) for vm in page.body["items"]}
        return found

    def _alone(self, machine: Machine) -> dict[str, Any] | None:
        try:
            return dict(self._api.ours(_path(machine)).body)
        except NotFound:
            return None

    def _seen(self, machine: Machine, vm: dict[str, Any] | None) -> Sighting | None:
        """None: it is not there, and nothing is under way that would bring it."""
        number = str(machine.notes.get(OPERATION) or "")
        if vm is not None and (word_of(vm) != "ERROR" or not number):
            return sighting(vm, self._deployment)
        made_by = operations.shown(self._api, number) if number else None
        cause = operations.cause_of(made_by) if made_by is not None else None
        if vm is not None:
            return sighting(vm, self._deployment, cause or UNKNOWN_CAUSE)
        if cause is not None:
            return Sighting(machine.id, Observed.TERMINATED, cause=cause)
        if made_by is not None and made_by.get("state") == operations.UNDER_WAY:
            return Sighting(machine.id, Observed.PENDING)
        return None

    def list(self, scope: Scope, which: Filter = EVERYTHING) -> Iterator[Snapshot]:
        """All machines of the project; those whose names are not ours are left out here.

        One of ours in a state of which nothing can be said is left out too, and makes its page incomplete.
        """
        first, seen, failed = True, set[str](), _Failed(self._api)
        try:
            for answer in self._api.pages(VMS):
                fresh = [vm for vm in answer.body["items"] if vm["id"] not in seen]
                seen |= {vm["id"] for vm in fresh}
                ours = [vm for vm in fresh if self._is_wanted(vm, which)]
                clear = [vm for vm in ours if is_understood(vm)]
                shown = [sighting(vm, self._deployment, failed.of(vm, answer.date)) for vm in clear]
                if which.token:
                    shown = [self._as_answered(one) for one in shown]
                yield Snapshot(len(clear) == len(ours), tuple(shown), answer.date)
                first = False
        except ProviderError:
            if first:
                raise
            yield Snapshot(False, ())

    def _as_answered(self, one: Sighting) -> Sighting:
        """With what the lost answer would have said: by which operation it is made, which alone tells later why it was not."""
        number = operations.maker_of(self._api, one.provider_id)
        return replace(one, notes={OPERATION: number}) if number else one

    def _is_wanted(self, vm: Mapping[str, Any], which: Filter) -> bool:
        said = CODEC.read(str(vm.get("name") or ""), self._deployment)
        if said.get(tags.DEPLOYMENT) != self._deployment or which.zone not in ("", vm.get("location")):
            return False
        return not which.token or said[tags.LAUNCH] == tags.mark_of(which.token)

    # ---- changing ----------------------------------------------------------------------------------------------------

    def start(self, scope: Scope, machines: Sequence[Machine]) -> BatchResult:
        return self._each(machines, lambda one: self._act(one, "START", Observed.PENDING), Observed.RUNNING)

    def stop(self, scope: Scope, machines: Sequence[Machine], *, hibernate: Collection[str] = ()) -> BatchResult:
        return self._each(machines, lambda one: self._act(one, "STOP", Observed.STOPPING), Observed.STOPPED)

    def terminate(self, scope: Scope, machines: Sequence[Machine]) -> BatchResult:
        """Accepted is not gone: a deletion may come to nothing, and only a look that finds no machine ends it."""

        def delete(machine: Machine) -> Sighting:
            self._api.send("DELETE", _path(machine))
            return Sighting(machine.id, Observed.TERMINATING)

        return self._each(machines, delete, Observed.TERMINATING)

    def _act(self, machine: Machine, action: str, becomes: Observed) -> Sighting:
        operation = self._api.send("PATCH", _path(machine), {"action": action})
        if (failed := operations.error_of(operation)) is not None:
            raise failed
        return Sighting(machine.id, becomes)

    def _each(self, machines: Sequence[Machine], change: Callable[[Machine], Sighting], goal: Observed) -> BatchResult:
        """A call for each of those whose names are ours, unless it is there already."""
        there = self._by_id(machines)

        def one(machine: Machine) -> Sighting:
            shown = there.get(machine.id) or self._api.ours(_path(machine)).body
            said = CODEC.read(str(shown.get("name") or ""), self._deployment)
            if said.get(tags.DEPLOYMENT) != self._deployment:
                told = f"the name of {machine.id} was changed at Crusoe, so that it is none of ours any more: im leaves it alone"
                raise LabelChanged(told)
            if is_understood(shown) and (seen := sighting(shown, self._deployment)).state is goal:
                return seen
            try:
                return change(machine)
            except InvalidSpec as exc:  # of its state, which is told as a bad request
                raise WrongState(exc.message) from exc

        return each(machines, one)

    def checks(self, scope: Scope) -> Sequence[Check]:
        return checks(self._api, lambda: self.identity(scope))


class _Failed:
    """Why machines of ours stand still, asked for once a listing, and only where one has come to stand of late."""

    def __init__(self, api: CrusoeApi) -> None:
        self._api = api
        self._told: dict[str, Cause] | None = None

    def of(self, vm: Mapping[str, Any], now: datetime | None) -> Cause:
        at = now or datetime.now(UTC)
        if word_of(vm) not in ("STOPPED", "SHUTOFF", "ERROR") or not operations.is_late(vm, at):
            return UNKNOWN_CAUSE
        if self._told is None:
            self._told = operations.failed_lately(self._api, at)
        return self._told.get(str(vm["id"]), UNKNOWN_CAUSE)


def _request(spec: Spec, name: str) -> dict[str, Any]:
    asked: dict[str, Any] = {
        "name": name,
        "type": spec.instance_type,
        "location": spec.zone,
        "ssh_public_key": spec.public_key,
        ("custom_image" if UUID.fullmatch(spec.image) else "image"): spec.image,
        # Crusoe would install an agent of its own in every machine
        "install_crusoe_watch_agent": False,
    }
    if spec.user_data is not None:
        asked["startup_script"] = once(spec.user_data)
    return asked


def _path(machine: Machine) -> str:
    if not UUID.fullmatch(machine.id):
        raise NotFound(f"{CLOUD} has no VM {machine.id[:40]}")
    return f"{VMS}/{machine.id}"


def from_settings(settings: Settings, deployment: str, account: str) -> CrusoeProvider:
    """The provider for this process and one of our accounts; no call is made yet."""
    if address := settings.sandbox_of(NAME):
        sandbox = sandbox_at(address)
        secret = urlsafe_b64encode(sandbox.secret.encode()).decode().rstrip("=")
        pretended = Credentials(account, secret)
        return CrusoeProvider(CrusoeApi(lambda: pretended, f"{sandbox.endpoint}/v1"), deployment)

    def known() -> Credentials:
        try:
            return credentials_of(settings.account_called(account, NAME), os.environ)
        except Refused as exc:
            raise Unauthenticated(f"{exc.message} in the settings of this worker ({exc.hint})") from exc

    return CrusoeProvider(CrusoeApi(known, url(os.environ)), deployment)
