"""Looking at machines one by one and many at a time: where each is, what it is, and what became of those that are not there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from threading import Lock
from typing import Any

from im.domain.cause import UNKNOWN_CAUSE, Cause
from im.domain.scope import Scope
from im.domain.sighting import Sighting
from im.domain.state import Observed
from im.providers.contract import EVERYTHING, Filter, Snapshot
from im.providers.errors import InvalidSpec, NotFound, ProviderError, Unavailable
from im.providers.features import States
from im.providers.gcp import operations
from im.providers.gcp.api import GcpApi, last
from im.providers.gcp.instances import FIELDS, STATE_FIELDS, sighting, state, stopped_at
from im.providers.gcp.labels import deployment_filter
from im.providers.gcp.listing import everywhere, in_zone, until_it_breaks
from im.providers.gcp.places import region_of
from im.providers.kit.each import HANDS
from im.providers.machine import Machine

_FEW = 20
"""So many machines are asked for one by one; more are listed, and only those not shown are asked for."""
_LATELY, _MOST_CAUSES = timedelta(minutes=15), 10
"""In a listing, the cause is asked for what has just stopped, of so many at most: each is a call."""
_REMEMBERED = 10_000
"""Causes at most."""


class Machines:
    """Of one project and deployment. Where a machine is, is kept once it was seen: its number is its own for ever."""

    def __init__(self, api: GcpApi, deployment: str) -> None:
        self._api, self._deployment = api, deployment
        self._lock = Lock()
        self._zones: dict[str, str] = {}
        self._causes: dict[tuple[str, datetime | None], Cause] = {}

    def learn(self, seen: Iterable[Sighting]) -> None:
        with self._lock:
            self._zones |= {one.provider_id: one.zone for one in seen if one.zone}

    # ---- where ----

    def zones_of(self, machines: Sequence[Machine]) -> dict[str, str]:
        """Number → zone; absent for what is nowhere in the project. Raises ProviderError when not everything could be seen."""
        found = {one.id: str(one.notes["zone"]) for one in machines if one.notes.get("zone")}
        with self._lock:
            found |= {one.id: self._zones[one.id] for one in machines if one.id in self._zones}
        missing = {one.id for one in machines if one.id.isdigit()} - found.keys()
        if missing:
            for page in everywhere(self._api, "instances", "id,zone"):
                here = {str(one["id"]): last(one["zone"]) for one in page.things}
                with self._lock:
                    self._zones |= here
                found |= {number: zone for number, zone in here.items() if number in missing}
                if page.unseen and not missing <= found.keys():
                    raise Unavailable("Google Cloud does not show every zone now, and a machine may be in one of these")
        return found

    # ---- one by one ----

    def describe(self, scope: Scope, machines: Sequence[Machine]) -> dict[str, Sighting]:
        wanted = {one.id: one for one in machines if one.id.isdigit()}
        if not wanted:
            return {}
        found: dict[str, Sighting] = {}
        if len(wanted) > _FEW:
            for page in self.pages(scope):
                found |= {one.provider_id: one for one in page.sightings if one.provider_id in wanted}
        left = [one for number, one in wanted.items() if number not in found]
        zones = self.zones_of(left)
        here = [one for one in left if one.id in zones and (one.notes or region_of(zones[one.id]) == scope.region)]
        with ThreadPoolExecutor(HANDS) as hands:
            shown = hands.map(lambda one: self._shown(one, zones[one.id]), here)
            found |= {one.provider_id: one for one in shown if one is not None}
        self.learn(found.values())
        return found

    def _shown(self, machine: Machine, zone: str) -> Sighting | None:
        try:
            shown = self._api.get(f"/zones/{zone}/instances/{machine.id}").body
        except NotFound:
            return operations.of_the_vanished(self._api, zone, machine)
        seen = sighting(shown)
        if seen.state is Observed.STOPPED:
            return replace(seen, cause=self._cause(seen, stopped_at(shown), afresh=True))
        group = next((one["value"] for one in _metadata(shown) if one.get("key") == "created-by"), "")
        return replace(seen, operator=last(group)) if "instanceGroupManagers" in group else seen

    def _cause(self, seen: Sighting, at: datetime | None, *, afresh: bool = False) -> Cause:
        """Whose hand it was; unknown where that cannot be asked now."""
        key = (seen.provider_id, at)
        with self._lock:
            if not afresh and key in self._causes:
                return self._causes[key]
        try:
            told = operations.cause_of_stop(operations.of_machine(self._api, seen.zone, seen.provider_id))
        except ProviderError:
            return UNKNOWN_CAUSE
        with self._lock:
            if len(self._causes) >= _REMEMBERED:
                self._causes.clear()
            self._causes[key] = told
        return told

    # ---- many ----

    def pages(self, scope: Scope, which: Filter = EVERYTHING) -> Iterator[Snapshot]:
        """Ours of a region, by label. One that is incomplete is so for a zone of this region, not of another."""
        more = {"region": scope.region} | ({"launch": which.token} if which.token else {})
        wanted = deployment_filter(self._deployment, **more)
        if which.zone:
            pages = in_zone(self._api, which.zone, "instances", FIELDS, wanted)
        else:
            pages = everywhere(self._api, "instances", FIELDS, wanted)
        asked = 0
        for page in until_it_breaks(pages):
            if page is None:
                yield Snapshot(False, ())
                return
            seen = []
            for one in page.things:
                shown, at = sighting(one), stopped_at(one)
                lately = at is not None and page.date is not None and page.date - at < _LATELY
                if shown.state is Observed.STOPPED and lately and asked < _MOST_CAUSES:
                    asked += (shown.provider_id, at) not in self._causes
                    shown = replace(shown, cause=self._cause(shown, at))
                seen.append(shown)
            self.learn(seen)
            whole, unseen = page.is_whole_for(scope.region), page.unseen_in(scope.region)
            yield Snapshot(whole, tuple(seen), page.date, unseen)

    def states(self, scope: Scope, zone: str = "") -> Iterator[States]:
        """Of ours alone: the look knows labels, and nobody else's are in it."""
        wanted = deployment_filter(self._deployment, region=scope.region)
        if zone:
            pages = in_zone(self._api, zone, "instances", STATE_FIELDS, wanted)
        else:
            pages = everywhere(self._api, "instances", STATE_FIELDS, wanted)
        for page in until_it_breaks(pages):
            if page is None:
                yield States(False, {})
                return
            seen = {str(one["id"]): state(one) for one in page.things}
            whole, unseen = page.is_whole_for(scope.region), page.unseen_in(scope.region)
            yield States(whole, seen, page.date, unseen)

    # ---- paths ----

    def path(self, machine: Machine, zones: dict[str, str]) -> str:
        """By number: a late end never reaches another machine of the same name. Raises NotFound for what is nowhere."""
        if machine.id not in zones:
            raise NotFound(f"Google Cloud has no machine {machine.id[:40]} in this project")
        return f"/zones/{zones[machine.id]}/instances/{machine.id}"

    def get(self, machine: Machine) -> tuple[str, dict[str, Any]]:
        """Its path, and all that Google tells of it."""
        path = self.path(machine, self.zones_of([machine]))
        shown = self._api.get(path).body
        if not isinstance(shown, dict):
            raise InvalidSpec("Google Cloud shows a machine that cannot be read")
        return path, shown


def _metadata(machine: dict[str, Any]) -> list[dict[str, Any]]:
    return list((machine.get("metadata") or {}).get("items") or [])
