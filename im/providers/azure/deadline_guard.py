"""The guard at Azure: an order of ComputeSchedule for each machine, which deallocates it at its moment.

Azure lists its orders nowhere, so the numbers of those that wait stand in a tag of the machine, each with its moment.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from im.domain.scope import Scope
from im.domain.sighting import Sighting
from im.domain.state import Observed
from im.providers.azure.arm import GROUPS, TAGS, Arm
from im.providers.azure.compute_schedule import NAMESPACE, REGISTER, ComputeSchedule, OneStands
from im.providers.azure.features import merge_tags
from im.providers.azure.looking import Looking
from im.providers.azure.sightings import GUARD as TAG
from im.providers.azure.sightings import path_of, tags_of
from im.providers.contract import GUARD, Check
from im.providers.errors import Forbidden, NotFound, ProviderError, Unknown
from im.providers.features import Guarded
from im.providers.kit.each import each
from im.providers.machine import Machine

Orders = Mapping[datetime, str]
"""Moment → number."""
LOST = "lost"
"""In place of a number that nobody was told."""
_MOST = 4
_DOCS = "docs/clouds/azure.md has what a guard needs"


class ScheduleGuard:
    def __init__(self, arm: Arm, looking: Looking) -> None:
        self._arm, self._looking, self._schedule = arm, looking, ComputeSchedule(arm)

    def set(self, scope: Scope, guards: Mapping[Machine, Guarded]) -> Mapping[str, ProviderError]:
        """For each machine its new order; then both numbers in its tag; and only then the old one is taken back.

        A machine is deallocated whatever its deadline is to do: nothing at Azure deletes one at a moment.
        """

        def one(machine: Machine) -> Sighting:
            at = guards[machine].at
            try:
                vm, now = self._looking.dated(machine)
            except NotFound:
                if at is None:
                    return Sighting(
                        machine.id, Observed.TERMINATED
                    )  # its orders went with it: they name what is not there
                raise
            tag = tags_of(vm).get(TAG, "")
            waiting = {moment: number for moment, number in read(tag).items() if moment > now}
            if at is not None:
                self._order(scope, machine, waiting, at, tag)
            elif tag:
                self._take_back(scope, machine, waiting, tag)
            lost = [moment for moment in _lost(waiting) if moment != at]
            if at is not None and lost:
                raise Unknown(
                    f"Azure has an order for {min(lost):%H:%M:%S} UTC whose number was lost, so it cannot be taken back: it is"
                    " deallocated then, and im starts it again"
                )
            return Sighting(machine.id, Observed.RUNNING)

        return each(list(guards), one).failed

    def _order(self, scope: Scope, machine: Machine, waiting: Orders, at: datetime, tag: str) -> None:
        old: Orders = {moment: number for moment, number in waiting.items() if moment != at}
        if len(old) >= _MOST:  # none was taken back for long: the tag has no room for another
            self._cancel(scope, old)
        if at not in waiting:
            number, old = self._submitted(scope, machine, old, at)
            waiting, tag = {at: number, **old}, written({at: number, **old})
            merge_tags(self._arm, machine, {TAG: tag})
        if old:
            self._cancel(scope, old)
        kept = written({at: waiting[at], **_lost(old)})
        if kept != tag:
            merge_tags(self._arm, machine, {TAG: kept})

    def _submitted(self, scope: Scope, machine: Machine, old: Orders, at: datetime) -> tuple[str, Orders]:
        """(Number of the new order, the old ones that still wait)."""
        try:
            return self._schedule.submit(scope.region, path_of(machine), at), old
        except Forbidden as exc:
            raise Forbidden(f"{exc.message}; {_DOCS}") from exc
        except OneStands:
            pass
        # Azure takes no two for moments near each other: the old one has to go first, and for one call there is none
        self._cancel(scope, old)
        try:
            return self._schedule.submit(scope.region, path_of(machine), at), _lost(old)
        except OneStands:
            return LOST, _lost(old)  # whoever asked before us had no answer, or died with it

    def _cancel(self, scope: Scope, orders: Orders) -> None:
        self._schedule.cancel(scope.region, [number for number in orders.values() if number != LOST])

    def _take_back(self, scope: Scope, machine: Machine, waiting: Orders, tag: str) -> None:
        self._cancel(scope, waiting)
        if left := _lost(waiting):
            if tag != written(left):
                merge_tags(self._arm, machine, {TAG: written(left)})
            return
        path = f"{path_of(machine)}/providers/Microsoft.Resources/tags/default"
        body = {"operation": "Delete", "properties": {"tags": {TAG: tag}}}
        self._arm.send("PATCH", path, TAGS, body)

    def check(self, scope: Scope) -> Check:
        """Is there all that a guard needs? Changes nothing, never raises."""
        try:
            state = self._arm.get(f"/providers/{NAMESPACE}", GROUPS).body.get("registrationState")
            if state != "Registered":
                told = f"{NAMESPACE} is not registered in this subscription"
                return Check(GUARD, ok=False, detail=told, fix=REGISTER)
            self._schedule.answers(scope.region)
        except ProviderError as exc:
            fix = "give it the second role of docs/clouds/azure.md" if isinstance(exc, Forbidden) else _DOCS
            return Check(GUARD, ok=False, detail=exc.message, fix=fix)
        return Check(GUARD, ok=True, detail=f"{NAMESPACE} answers in {scope.region}")


def _lost(orders: Orders) -> Orders:
    """Those that nobody can take back."""
    return {moment: number for moment, number in orders.items() if number == LOST}


def written(orders: Orders) -> str:
    """`1893456000=NUMBER,…`: a tag has 256 letters at most, which are five orders."""
    return ",".join(f"{int(at.timestamp())}={number}" for at, number in sorted(orders.items()))


def read(tag: str) -> dict[datetime, str]:
    """What `written` wrote; what cannot be read is left out."""
    found: dict[datetime, str] = {}
    for one in tag.split(","):
        moment, _, number = one.partition("=")
        if moment.isdigit() and len(moment) < 12 and number:
            found[datetime.fromtimestamp(int(moment), UTC)] = number
    return found
