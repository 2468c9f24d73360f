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

from im.domain.cause import UNKNOWN_CAUSE, Hand
from im.domain.money.bill import Price
from im.domain.sighting import Sighting
from im.domain.spec.disk import Disk
from im.domain.state import ALIVE, Observed
from im.providers.contract import BatchResult, Snapshot
from im.providers.errors import Forbidden, NoCapacity, NotFound, ProviderError, Rejected, WrongState
from im.providers.fake.hands import ASKING, cause_of
from im.providers.fake.machine import Machine
from im.providers.fake.shelf import Pictures
from im.providers.fake.spot import Spares
from im.providers.features import Guarded, Resource

_P, _R, _S, _H = Observed.PENDING, Observed.RUNNING, Observed.STOPPING, Observed.STOPPED
_T, _X = Observed.TERMINATING, Observed.TERMINATED
_O = Observed.HALTED

NEXT = {_P: _R, _S: _H, _T: _X}
"""The states that pass by themselves, and where they lead."""

# verb → what it does to a machine in each state; a state not named refuses
MOVES: Mapping[str, Mapping[Observed, Observed]] = {
    "start": {_H: _P, _O: _P, _P: _P, _R: _R},
    "stop": {_R: _S, _O: _S, _S: _S, _H: _H},
    "power_off": {_R: _O, _O: _O},
    "terminate": {_P: _T, _R: _T, _O: _T, _S: _T, _H: _T, _T: _T, _X: _X},
}


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
        """Zone → machines it can run at once; a zone not named has no limit. A launch makes as many as there is room for."""
        self.zones = "abc"
        self.lacking: set[tuple[str, str]] = set()
        """(instance type, zone) that are not offered at all."""
        self.cursed: dict[str, ProviderError] = {}
        """Id → what every start, stop and terminate of it answers."""
        self.prices: dict[str, Price] = {}
        """Instance type (or `disk:…`, `ipv4`) → what the price list says; what is not named is not told."""
        self.guards: dict[str, Guarded] = {}
        """Id → when the cloud ends the machine by itself."""
        self.left: list[Disk] = []
        """Disks that outlived their machines."""
        self.asleep: set[str] = set()
        """Ids of the machines that were stopped with their memory kept."""
        self.belonging: dict[str, tuple[str, str, str]] = {}
        """Id → region, deployment and name of what machines were launched with."""
        self.spot = Spares(self)
        self.pictures = Pictures(self)
        self.calls: list[Call] = []
        self.marked: list[Call] = []
        self._machines: dict[str, Machine] = {}
        self._tokens: dict[tuple[str, str], list[str]] = {}  # zonal: a launch token is known in its zone alone
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

    def outside(self, verb: str, machine_id: str, hand: Hand = Hand.OUTSIDE) -> None:
        """Somebody at the console starts, stops or terminates it, or another `hand`: no fault touches it, no call is logged.

        `power_off`: it is off, and still charged for.
        """
        self._move(verb, self._machines[machine_id], hand)

    def known(self, machine_id: str) -> Machine | None:
        return self._machines.get(machine_id)

    def another(self, machine: Machine) -> Machine:
        """One like it, which nobody has tagged."""
        return self._make(machine.region, machine.zone, {}, 0)

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
            self._fire()
            fault = next((one for one in self._faults if one.verb == verb), None)
            if fault:
                self._faults.remove(fault)
                if not fault.after:
                    raise fault.error
            yield
            if mutating:
                # the mark is moved by the clock, whatever happens: counted apart, so that the others tell what was done
                (self.marked if verb == "mark" else self.calls).append(Call(self.clock(), verb, tuple(ids)))
            if fault:
                raise fault.error

    def launch(self, region: str, zone: str, tags: Mapping[str, str], token: str, number: int) -> list[Machine]:
        if self.idempotent and (zone, token) in self._tokens:
            if made := [self._machines[one] for one in self._tokens[zone, token] if one in self._machines]:
                return made
            raise Rejected("the machines of this launch are gone")
        running = sum(one.zone == zone and self.state(one) in ALIVE for one in self._machines.values())
        if zone in self.capacity:
            number = max(1, min(number, self.capacity[zone] - running))
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
        self._fire()
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

    def belongings(self, region: str, deployment: str) -> list[Resource]:
        living = [one for one in self._machines.values() if self.state(one) is not _X and one.region == region]
        return [
            Resource(name.partition("-")[0], one, name, "", any(name in machine.needs for machine in living))
            for one, (where, whose, name) in self.belonging.items()
            if (where, whose) == (region, deployment)
        ]

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
            image=machine.image,
            changed_at=machine.since if state not in ALIVE else None,
            disk_gb=100,
            disk_type="fast",
            spot_request=machine.spot_request,
            interrupted=machine.taken,
            reason=machine.cause.says if machine.taken else "",
            cause=UNKNOWN_CAUSE if state in (_P, _R) else machine.cause,
        )

    def _make(self, region: str, zone: str, tags: Mapping[str, str], index: int) -> Machine:
        number, now = next(self._numbers), self.clock()
        name = f"fake-{number:06}"
        return self._machines.setdefault(name, Machine(name, number, region, zone, now, _P, now, dict(tags), index))

    def _move(self, verb: str, machine: Machine, hand: Hand = Hand.OUTSIDE) -> None:
        now = self.state(machine)
        if hand in ASKING:
            if machine.protected and verb == "terminate" and now not in (_T, _X):
                raise Forbidden(f"{machine.id} is protected against being terminated")
            self.spot.check(verb, machine)
        if now not in MOVES[verb]:
            raise WrongState(f"{machine.id} is {now}: {verb} is not possible")
        if MOVES[verb][now] is not now:
            machine.state, machine.since = MOVES[verb][now], self.clock()
            machine.cause = UNKNOWN_CAUSE if verb == "start" else cause_of(hand)
            self.spot.moved(verb, machine)
            if verb == "start":
                machine.started = machine.since
                self.asleep.discard(machine.id)
            if verb == "terminate":
                self.left += [disk for disk in machine.disks if disk.keep]

    def _fire(self) -> None:
        """Guards whose moment has come take effect, at that moment, whoever looks later."""
        for one, wish in list(self.guards.items()):
            if wish.at is None or wish.at > self.clock():
                continue
            del self.guards[one]
            machine = self._machines.get(one)
            if machine and (goal := MOVES[wish.what.value].get(self.state(machine))):
                machine.state, machine.since, machine.cause = goal, wish.at, cause_of(Hand.OUTSIDE)

    def _shown(self, machine: Machine) -> bool:
        now = self.clock()
        forgotten = self.state(machine) is _X and now - machine.since > self.takes + self.remembers
        return now - machine.born >= self.visible_after and not forgotten
