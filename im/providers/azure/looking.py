"""How machines are looked at: one by one, which is the truth, or in lists, which come from a cache and are joined here.

A list of machines has no power state, a list of states has no tags, and addresses are on the interfaces: three lists for one look.
A new machine may be missing from all of them for minutes; what a list does not tell is asked of the machine itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from im.domain import tags
from im.domain.scope import Scope
from im.domain.sighting import Sighting
from im.domain.state import Observed
from im.providers.azure.arm import COMPUTE, MACHINES, NETWORK, Arm
from im.providers.azure.sightings import (
    NOWHERE,
    OPERATION,
    RAN,
    VM_ID,
    Addresses,
    cause_of,
    machine_id,
    path_of,
    sighting,
    state_of,
    tags_of,
)
from im.providers.contract import Filter, Snapshot
from im.providers.errors import NotFound, ProviderError, Unavailable
from im.providers.features import States
from im.providers.kit.each import HANDS
from im.providers.machine import Machine

FEW = 8
"""So many machines are asked for one by one; of more, a list is read first."""
_LAUNCHED_BY = timedelta(hours=1)
"""A launch is over by then, one way or the other."""
_A_FEW_PARTS = 4
"""So many interfaces are asked for one by one; of more, all of them are listed."""
INTERFACES, ADDRESSES = "Microsoft.Network/networkInterfaces", "Microsoft.Network/publicIPAddresses"
_EVERYWHERE = f"/providers/{MACHINES}"
_T = TypeVar("_T")
_R = TypeVar("_R")


class Looking:
    """One subscription, and what this process knows of addresses: they do not change while their machine is there."""

    def __init__(self, arm: Arm, deployment: str) -> None:
        self._arm, self._deployment = arm, deployment
        self._addresses: dict[str, Addresses] = {}
        """By Azure's own number of a machine."""

    # ---- one by one --------------------------------------------------------------------------------------------------

    def describe(self, scope: Scope, machines: Sequence[Machine]) -> dict[str, Sighting]:
        """Full facts by id; absent is what Azure does not know by its name. Raises Unavailable where it does not tell a state."""
        wanted = list(dict.fromkeys(one for one in machines if "/" in one.id))
        found: dict[str, Sighting] = {}
        if len(wanted) > FEW:
            states = self._states()
            mine = {one.id: one for one in wanted}
            for things, _ in self._arm.pages(self._in(scope), COMPUTE):
                shown = [vm for vm in things if machine_id(vm["id"]) in mine]
                for vm, seen in self._seen(shown, states, mine):
                    if seen is not None and _same(mine[machine_id(vm["id"])], vm):
                        found[seen.provider_id] = seen
        left = [one for one in wanted if one.id not in found]
        for machine, seen in zip(left, in_parallel(left, self._one), strict=True):
            if seen is not None:
                found[machine.id] = seen
        return found

    def get(self, machine: Machine) -> dict[str, Any]:
        """As Azure shows it by its name, with its states. Raises NotFound, also for a namesake of what was meant."""
        return self.dated(machine)[0]

    def dated(self, machine: Machine) -> tuple[dict[str, Any], datetime]:
        """The same, and when that was by Azure's own clock."""
        answer = self._arm.get(path_of(machine), COMPUTE, {"$expand": "instanceView"})
        if not _same(machine, answer.body):
            raise NotFound(f"Azure: another machine is called {machine.id} now")
        return answer.body, answer.date or datetime.now(UTC)

    def _one(self, machine: Machine) -> Sighting | None:
        try:
            vm = self.get(machine)
        except NotFound:
            return self._never_was(machine)
        seen = sighting(vm, statuses_of(vm), self._where(vm), machine.notes)
        if seen is None:
            raise Unavailable(f"Azure does not tell the state of {machine.id}")
        return seen

    def _never_was(self, machine: Machine) -> Sighting | None:
        """Of a machine that nobody saw running and that is not there: what became of the operation that was to make it."""
        url = machine.notes.get(OPERATION)
        if not url or machine.notes.get(RAN):
            return None
        try:
            told = self._arm.operation(str(url))
        except ProviderError:
            return None  # it is kept for a while only
        if told.get("status") not in ("Failed", "Canceled"):
            return None
        return Sighting(machine.id, Observed.TERMINATED, cause=cause_of(told.get("error") or {"code": told["status"]}))

    # ---- in lists ----------------------------------------------------------------------------------------------------

    def pages(self, scope: Scope, which: Filter) -> Iterator[Snapshot]:
        """The machines of this deployment in one location. A page with a machine whose state nobody tells is incomplete."""
        states = self._states()
        for things, answer in self._arm.pages(self._in(scope), COMPUTE):
            mine = [vm for vm in things if self._is_ours(vm, which)]
            seen = [one for _, one in self._seen(mine, states, {})]
            told = [one for one in seen if one is not None]
            shown = (one for one in told if which.zone in ("", one.zone) and not _is_doubtful(one, answer.date))
            yield Snapshot(len(told) == len(seen), tuple(shown), answer.date)

    def ours(self, scope: Scope) -> list[dict[str, Any]]:
        """The machines of this deployment in one location, as the list shows them."""
        return [vm for vm in self._arm.all(self._in(scope), COMPUTE) if self._is_ours(vm, Filter())]

    def states(self, scope: Scope) -> Iterator[States]:
        """The state of every machine of a location, a page at a time."""
        for things, answer in self._arm.pages(_EVERYWHERE, COMPUTE, {"statusOnly": "true"}):
            here = [vm for vm in things if str(vm.get("location", "")).lower() in ("", scope.region)]
            found = {machine_id(vm["id"]): _state(vm) for vm in here}
            told = {one: state for one, state in found.items() if state is not None}
            yield States(len(told) == len(found), told, answer.date)

    def _is_ours(self, vm: Mapping[str, Any], which: Filter) -> bool:
        found = tags_of(vm)
        if found.get(tags.DEPLOYMENT) != self._deployment:
            return False
        return which.token in ("", found.get(tags.LAUNCH))

    def _seen(
        self, vms: Sequence[Mapping[str, Any]], states: Mapping[str, list[Any]], known: Mapping[str, Machine]
    ) -> list[tuple[Mapping[str, Any], Sighting | None]]:
        """What the lists do not tell is asked of the machine itself: new ones, failed ones, and those without a power state."""
        addresses = self._addresses_of(vms)

        def see(vm: Mapping[str, Any]) -> Sighting | None:
            mine = known.get(machine_id(vm["id"]))
            notes = None if mine is None else mine.notes
            where = addresses.get(vm["properties"]["vmId"], NOWHERE)
            told = states.get(machine_id(vm["id"]))
            seen = sighting(vm, told, where, notes) if told is not None else None
            if seen is not None and not seen.remains:
                return seen
            try:
                shown = self.get(Machine(machine_id(vm["id"])))
            except NotFound:
                return seen
            return sighting(shown, statuses_of(shown), where, notes)

        return list(zip(vms, in_parallel(vms, see), strict=True))

    def _states(self) -> dict[str, list[Any]]:
        pages = self._arm.pages(_EVERYWHERE, COMPUTE, {"statusOnly": "true"})
        return {machine_id(vm["id"]): statuses_of(vm) for things, _ in pages for vm in things}

    @staticmethod
    def _in(scope: Scope) -> str:
        return f"/providers/Microsoft.Compute/locations/{scope.region}/virtualMachines"

    # ---- addresses ---------------------------------------------------------------------------------------------------

    def _where(self, vm: Mapping[str, Any]) -> Addresses:
        return self._addresses_of([vm]).get(vm["properties"]["vmId"], NOWHERE)

    def _addresses_of(self, vms: Sequence[Mapping[str, Any]]) -> dict[str, Addresses]:
        """By Azure's own number; what cannot be had now is had at the next look."""
        nics = {vm["properties"]["vmId"]: nic for vm in vms if (nic := first_interface(vm))}
        new = {vm_id: nic for vm_id, nic in nics.items() if vm_id not in self._addresses}
        try:
            if len(new) > _A_FEW_PARTS:
                found = self._listed(new)
            else:
                found = dict(zip(new, in_parallel(list(new.values()), self._asked), strict=True))
        except ProviderError:
            found = {}
        self._addresses |= {vm_id: one for vm_id, one in found.items() if one.public}
        return {vm_id: found.get(vm_id) or self._addresses.get(vm_id, NOWHERE) for vm_id in nics}

    def _asked(self, nic: str) -> Addresses:
        try:
            shown = self._arm.get(self._arm.below(nic), NETWORK).body
            address = _public_address(shown)
            public = self._arm.get(self._arm.below(address), NETWORK).body["properties"] if address else {}
        except NotFound:
            return NOWHERE
        return _addresses(shown, {address.lower(): public.get("ipAddress")})

    def _listed(self, wanted: Mapping[str, str]) -> dict[str, Addresses]:
        public = {
            one["id"].lower(): (one.get("properties") or {}).get("ipAddress")
            for one in self._arm.all(f"/providers/{ADDRESSES}", NETWORK)
        }
        shown = {one["id"].lower(): one for one in self._arm.all(f"/providers/{INTERFACES}", NETWORK)}
        return {vm_id: _addresses(shown[nic.lower()], public) for vm_id, nic in wanted.items() if nic.lower() in shown}


def statuses_of(vm: Mapping[str, Any]) -> list[Any]:
    return list(((vm["properties"].get("instanceView") or {}).get("statuses")) or [])


def first_interface(vm: Mapping[str, Any]) -> str:
    """The id of its primary interface; empty where it has none yet."""
    found = (vm["properties"].get("networkProfile") or {}).get("networkInterfaces") or []
    primary = [one for one in found if (one.get("properties") or {}).get("primary")]
    return str((primary or found or [{}])[0].get("id", ""))


def in_parallel(things: Sequence[_T], call: Callable[[_T], _R]) -> list[_R]:
    """In their order. Raises what the first of them raised."""
    if len(things) <= 1:
        return [call(one) for one in things]
    with ThreadPoolExecutor(min(HANDS, len(things))) as hands:
        return list(hands.map(call, things))


def _state(vm: Mapping[str, Any]) -> Observed | None:
    return state_of(str(vm["properties"].get("provisioningState", "")), statuses_of(vm))


def _is_doubtful(seen: Sighting, now: datetime | None) -> bool:
    """Failed and without a power state, long after its launch: it may have run, and is asked for by its name."""
    return seen.remains and now is not None and seen.launched_at is not None and now - seen.launched_at > _LAUNCHED_BY


def _same(machine: Machine, vm: Mapping[str, Any]) -> bool:
    """Is it the one that was meant, and no namesake? Its number is its own for ever."""
    return machine.notes.get(VM_ID) in (None, vm["properties"].get("vmId"))


def _first_configuration(nic: Mapping[str, Any]) -> Mapping[str, Any]:
    configurations = (nic.get("properties") or {}).get("ipConfigurations") or [{}]
    return configurations[0].get("properties") or {}


def _public_address(nic: Mapping[str, Any]) -> str:
    """The id of its public address; empty where it has none."""
    return str((_first_configuration(nic).get("publicIPAddress") or {}).get("id", ""))


def _addresses(nic: Mapping[str, Any], public: Mapping[str, str | None]) -> Addresses:
    """`public`: what each public address is, by its id in small letters."""
    return Addresses(public.get(_public_address(nic).lower()), _first_configuration(nic).get("privateIPAddress"))
