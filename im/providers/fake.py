"""A cloud in memory: a model of what clouds do, for tests and for trying things out.

Time comes from the clock it is given and moves nothing by itself: a machine's state follows from when its last change began.
Everything that goes wrong at real clouds can be scripted: refusals, lost replies, late visibility, half listings, outside hands.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from threading import RLock
from typing import TYPE_CHECKING

from im.domain.cost import Item, Price
from im.domain.errors import Refused
from im.domain.instance import ALIVE, Observed, Scope, Sighting, Spec, tags_of
from im.providers.base import Ask, BatchResult, Capabilities, Check, Slot, Snapshot
from im.providers.errors import NoCapacity, NotFound, ProviderError, Rejected, WrongState

if TYPE_CHECKING:
    from im.settings import Settings

_P, _R, _S, _H = Observed.PENDING, Observed.RUNNING, Observed.STOPPING, Observed.STOPPED
_T, _X = Observed.TERMINATING, Observed.TERMINATED

NEXT = {_P: _R, _S: _H, _T: _X}
"""The states that pass by themselves, and where they lead."""

# verb → what it does to a machine in each state; a state not named refuses
MOVES: Mapping[str, Mapping[Observed, Observed]] = {
    "start": {_H: _P, _P: _P, _R: _R},
    "stop": {_R: _S, _S: _S, _H: _H},
    "terminate": {_P: _T, _R: _T, _S: _T, _H: _T, _T: _T, _X: _X},
}


@dataclass(slots=True)
class Machine:
    id: str
    number: int
    region: str
    zone: str
    born: datetime
    state: Observed
    since: datetime
    tags: dict[str, str]
    launch_index: int = 0
    kind: str = "small"
    started: datetime | None = None
    """When it was last started; like EC2's LaunchTime, what is shown moves with it."""


@dataclass(frozen=True, slots=True)
class Call:
    """One mutating call that the cloud let through; single ids of it may have been refused."""

    at: datetime
    verb: str
    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Fault:
    """The next call of `verb` raises `error`: before its effect, or after it, when the reply is lost."""

    verb: str
    error: ProviderError
    after: bool


class FakeCloud:
    """The machines of every region, and a script of what goes wrong. Every transition takes `takes`; a new machine is known
    only to the call that made it until `visible_after`; a terminated one is shown while the cloud `remembers`."""

    def __init__(
        self,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        *,
        idempotent: bool = True,
        takes: timedelta = timedelta(0),
        visible_after: timedelta = timedelta(0),
        remembers: timedelta = timedelta(hours=1),
    ) -> None:
        self.clock, self.idempotent = clock, idempotent
        self.takes, self.visible_after, self.remembers = takes, visible_after, remembers
        self.capacity: dict[str, int] = {}
        """Zone → machines it can run at once; a zone not named has no limit."""
        self.cursed: dict[str, ProviderError] = {}
        """Id → what every start, stop and terminate of it answers."""
        self.prices: dict[str, Price] = {}
        """Instance type (or `disk:…`, `ipv4`) → what the price list says; what is not named is not told."""
        self.calls: list[Call] = []
        self._machines: dict[str, Machine] = {}
        self._tokens: dict[tuple[str, str], list[str]] = {}  # zonal, as at EC2
        self._faults: list[Fault] = []
        self._halves: list[int] = []
        self._numbers = count(1)
        self._lock = RLock()

    # ---- the script --------------------------------------------------------------------------------------------------

    def fail_next(self, verb: str, error: ProviderError, *, after: bool = False, times: int = 1) -> None:
        self._faults += [Fault(verb, error, after)] * times

    def cut_next_listing(self, keep: int) -> None:
        """The next listing shows its first `keep` machines only, and says that it is incomplete."""
        self._halves.append(keep)

    # ---- outside hands -----------------------------------------------------------------------------------------------

    def outside(self, verb: str, machine_id: str) -> None:
        """Somebody starts, stops or terminates it in the console: no fault touches it, and no call is logged."""
        self._move(verb, self._machines[machine_id])

    def vanish(self, machine_id: str) -> None:
        del self._machines[machine_id]

    def foreign(self, zone: str, **tags: str) -> str:
        """A machine that is none of ours; its id."""
        return self._make(zone[:-1], zone, tags, 0).id

    # ---- what providers use ------------------------------------------------------------------------------------------

    @contextmanager
    def call(self, verb: str, ids: Sequence[str] = (), *, mutating: bool = True) -> Iterator[None]:
        """One call: the scripted faults before and after, and the log between."""
        with self._lock:
            fault = next((one for one in self._faults if one.verb == verb), None)
            if fault:
                self._faults.remove(fault)
                if not fault.after:
                    raise fault.error
            yield
            if mutating:
                self.calls.append(Call(self.clock(), verb, tuple(ids)))
            if fault:
                raise fault.error

    def launch(self, region: str, zone: str, tags: Mapping[str, str], token: str, number: int) -> list[Machine]:
        if self.idempotent and (zone, token) in self._tokens:
            if made := [self._machines[one] for one in self._tokens[zone, token] if one in self._machines]:
                return made
            raise Rejected("the machines of this launch are gone")
        running = sum(one.zone == zone and self.state(one) in ALIVE for one in self._machines.values())
        if running + number > self.capacity.get(zone, running + number):
            raise NoCapacity(f"{zone} has no room for {number} more")
        made = [self._make(region, zone, tags, index) for index in range(number)]
        self._tokens[zone, token] = [one.id for one in made]
        return made

    def change(self, verb: str, ids: Sequence[str]) -> BatchResult:
        done: dict[str, Sighting] = {}
        failed: dict[str, ProviderError] = {}
        for one in ids:
            try:
                if one in self.cursed:
                    raise self.cursed[one]
                machine = self.visible(one)
                self._move(verb, machine)
                done[one] = Sighting(one, self.state(machine))
            except ProviderError as exc:
                failed[one] = exc
        return BatchResult(done, failed)

    def visible(self, machine_id: str) -> Machine:
        """Raises NotFound for a machine that is unknown, too young or long gone."""
        machine = self._machines.get(machine_id)
        if machine is None or not self._shown(machine):
            raise NotFound(f"no machine {machine_id}")
        return machine

    def describe(self, region: str, ids: Sequence[str]) -> dict[str, Sighting]:
        known = [self._machines[one] for one in ids if one in self._machines]
        return {one.id: self.sight(one) for one in known if one.region == region and self._shown(one)}

    def listing(self, region: str, tags: Mapping[str, str]) -> Snapshot:
        here = (one for one in self._machines.values() if one.region == region and self._shown(one))
        shown = tuple(self.sight(one) for one in here if tags.items() <= one.tags.items())
        keep = self._halves.pop(0) if self._halves else None
        return Snapshot(keep is None, shown[:keep], self.clock())

    def state(self, machine: Machine) -> Observed:
        """The state now: a transition is over once it has lasted as long as transitions take."""
        over = machine.state in NEXT and self.clock() - machine.since >= self.takes
        return NEXT[machine.state] if over else machine.state

    def sight(self, machine: Machine) -> Sighting:
        state = self.state(machine)
        host = "{}.{}".format(*divmod(machine.number, 250))
        public_ip, private_ip = (
            f"198.18.{host}" if state in ALIVE else None,
            f"10.0.{host}" if state is not _X else None,
        )
        place = (machine.zone, public_ip, private_ip, machine.started or machine.born)
        tags, index, kind = dict(machine.tags), machine.launch_index, machine.kind
        return Sighting(
            *(machine.id, state, *place),
            tags=tags,
            launch_index=index,
            instance_type=kind,
            image="fake-image",
            changed_at=machine.since if state not in ALIVE else None,
            disk_gb=100,
            disk_type="fast",
        )

    def _make(self, region: str, zone: str, tags: Mapping[str, str], index: int) -> Machine:
        number, now = next(self._numbers), self.clock()
        name = f"fake-{number:06}"
        return self._machines.setdefault(name, Machine(name, number, region, zone, now, _P, now, dict(tags), index))

    def _move(self, verb: str, machine: Machine) -> None:
        now = self.state(machine)
        if now not in MOVES[verb]:
            raise WrongState(f"{machine.id} is {now}: {verb} is not possible")
        if MOVES[verb][now] is not now:
            machine.state, machine.since = MOVES[verb][now], self.clock()
            if verb == "start":
                machine.started = machine.since

    def _shown(self, machine: Machine) -> bool:
        now = self.clock()
        forgotten = self.state(machine) is _X and now - machine.since > self.takes + self.remembers
        return now - machine.born >= self.visible_after and not forgotten


class FakeProfile:
    """Takes what it is given; a zone is a region and a letter."""

    name = "fake"
    capabilities = Capabilities(can_stop=True, idempotent_launch=True, launch_visible_within=timedelta(seconds=5))

    def plan(self, ask: Ask, *, account: str, default_region: str | None) -> tuple[Scope, Spec]:
        zone = ask.zone or f"{default_region or 'fake-1'}a"
        if len(zone) < 2 or not zone[-1].isalpha() or not zone[-2].isdigit():
            raise Refused(f"'{zone[:40]}' is not a zone", "a zone is a region and a letter, like fake-1a")
        kind, image = ask.instance_type or "small", ask.image or "fake-image"
        return Scope(self.name, account, zone[:-1]), Spec(kind, zone, image, ask.public_key, "fake", ask.owner)

    def locate(self, machine_ids: Sequence[str], *, account: str, region: str) -> Scope:
        for one in machine_ids:
            if not one.startswith("fake-"):
                raise Refused(f"'{one[:40]}' is not a machine's id", "it looks like fake-000001")
        return Scope(self.name, account, region)


PROFILE = FakeProfile()


class FakeProvider:
    """One deployment's view of a FakeCloud."""

    def __init__(self, cloud: FakeCloud, deployment: str, capabilities: Capabilities = PROFILE.capabilities) -> None:
        self.capabilities = capabilities
        self._cloud = cloud
        self._mine = {"im:deployment": deployment}

    def identity(self, scope: Scope) -> str:
        with self._cloud.call("identity", mutating=False):
            return f"fake-account-{scope.account}"

    def launch(self, scope: Scope, spec: Spec, *, token: str, slots: Sequence[Slot]) -> list[Sighting]:
        tags = {**tags_of(spec), **self._mine, "im:launch": token, "im:owner": spec.owner}
        if len(slots) == 1:
            tags |= _slot_tags(slots[0])
        with self._cloud.call("launch", [slot.instance_id for slot in slots]):
            made = self._cloud.launch(scope.region, spec.zone, tags, token, len(slots))
            for one in made:
                one.kind = spec.instance_type
            return [self._cloud.sight(one) for one in made]

    def find(self, scope: Scope, token: str) -> Snapshot:
        return self._listing("find", scope, {"im:launch": token})

    def label(self, scope: Scope, slots: Mapping[str, Slot]) -> None:
        with self._cloud.call("label", list(slots)):
            for machine, slot in [(self._cloud.visible(one), slot) for one, slot in slots.items()]:
                machine.tags.update(_slot_tags(slot))

    def adopt(self, scope: Scope, machine_id: str, slot: Slot, owner: str) -> None:
        with self._cloud.call("adopt", [machine_id]):
            tags = self._mine | {"im:instance": slot.instance_id, "im:owner": owner}
            self._cloud.visible(machine_id).tags.update(tags)

    def describe(self, scope: Scope, ids: Sequence[str]) -> dict[str, Sighting]:
        with self._cloud.call("describe", mutating=False):
            return self._cloud.describe(scope.region, ids)

    def listing(self, scope: Scope) -> Snapshot:
        return self._listing("listing", scope, {})

    def ours(self, scope: Scope) -> Snapshot:
        return self._listing("ours", scope, {})

    def _listing(self, verb: str, scope: Scope, tags: dict[str, str]) -> Snapshot:
        with self._cloud.call(verb, mutating=False):
            return self._cloud.listing(scope.region, self._mine | tags)

    def start(self, scope: Scope, ids: Sequence[str]) -> BatchResult:
        return self._change("start", ids)

    def stop(self, scope: Scope, ids: Sequence[str]) -> BatchResult:
        return self._change("stop", ids)

    def terminate(self, scope: Scope, ids: Sequence[str]) -> BatchResult:
        return self._change("terminate", ids)

    def _change(self, verb: str, ids: Sequence[str]) -> BatchResult:
        try:
            with self._cloud.call(verb, ids):
                return self._cloud.change(verb, ids)
        except ProviderError as exc:
            return BatchResult(failed=dict.fromkeys(ids, exc))

    def prices(self, scope: Scope, items: Sequence[Item]) -> Mapping[Item, Price]:
        with self._cloud.call("prices", mutating=False):
            return {item: self._cloud.prices[item.name] for item in items if item.name in self._cloud.prices}

    def checks(self, scope: Scope) -> list[Check]:
        return [Check("endpoint", ok=True, detail="the cloud in this process's memory answers")]


def _slot_tags(slot: Slot) -> dict[str, str]:
    return {"Name": slot.name, "im:instance": slot.instance_id}


CLOUD = FakeCloud()
"""The cloud that every provider of this process shares, unless it is given its own."""


def from_settings(settings: Settings, deployment: str) -> FakeProvider:
    return FakeProvider(CLOUD, deployment)
