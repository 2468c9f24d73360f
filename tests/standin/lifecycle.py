"""How machines come, move and go: the only code that changes a machine's state. Whether it may is decided by its callers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from tests.standin.clock import gmt
from tests.standin.machine import OCCUPYING, Machine, State

if TYPE_CHECKING:
    from tests.standin.region import Region

USER = ("Client.UserInitiatedShutdown", "Client.UserInitiatedShutdown: User initiated shutdown")
HIBERNATE = ("Client.UserInitiatedHibernate", "Client.UserInitiatedHibernate: User initiated hibernate")

GUEST = ("Client.InstanceInitiatedShutdown", "Client.InstanceInitiatedShutdown: Instance initiated shutdown")
RETIRED = ("Server.ScheduledStop", "Server.ScheduledStop: Stopped due to scheduled retirement")


def launch(region: Region, machine: Machine) -> None:
    """A machine that was just made begins to run, or to end if it is doomed."""
    _count(region, machine, +1)
    region.cloud.ledger.changed(region.cloud.now, machine.id, "none", "pending", region.cloud.cause)
    _then(region, machine, "launch", lambda: _started(region, machine))


def start(region: Region, machine: Machine) -> None:
    """stopped → pending → running, with a new launch time at once, and a new public address once it runs."""
    machine.launched = region.cloud.now
    machine.reason, machine.state_reason = "", None
    _move(region, machine, "pending", region.cloud.cause)
    region.spot.moved(machine, "start", by_aws=False)
    _then(region, machine, "start", lambda: _started(region, machine))


def stop(region: Region, machine: Machine, reason: tuple[str, str] = USER, who: str = "User initiated") -> None:
    """running → stopping → stopped; the public address is given back."""
    machine.reason = f"{who} ({gmt(int(region.cloud.now))})"
    machine.state_reason = reason
    _move(region, machine, "stopping", region.cloud.cause)
    region.spot.moved(machine, "stop", by_aws=who != "User initiated")
    _then(region, machine, "stop", lambda: _stopped(region, machine))


def terminate(region: Region, machine: Machine, reason: tuple[str, str] = USER, who: str = "User initiated") -> None:
    """→ shutting-down → terminated; shown for as long as EC2 shows the dead, then forgotten."""
    machine.reason = f"{who} ({gmt(int(region.cloud.now))})"
    machine.state_reason = reason
    _move(region, machine, "shutting-down", region.cloud.cause)
    region.spot.moved(machine, "terminate", by_aws=who != "User initiated")
    _then(region, machine, "terminate", lambda: _terminated(region, machine))


def fall_back(region: Region, machine: Machine, reason: tuple[str, str]) -> None:
    """pending → stopped: a start that was accepted, and that EC2 could not carry out; the machine is as before."""
    machine.reason = f"Server initiated ({gmt(int(region.cloud.now))})"
    machine.state_reason = reason
    machine.epoch += 1
    region.spot.moved(machine, "stop", by_aws=True)
    _stopped(region, machine)


def vanish(region: Region, machine: Machine) -> None:
    """Gone without a trace, as if it had never been."""
    before = machine.state
    if before in OCCUPYING:
        _count(region, machine, -1)
    machine.epoch += 1
    region.forget(machine)
    region.cloud.ledger.changed(region.cloud.now, machine.id, before, "none", region.cloud.cause)


def occupy(region: Region, machine: Machine) -> None:
    """Count a machine that came into the world in its present state."""
    if machine.state in OCCUPYING:
        _count(region, machine, +1)


def _started(region: Region, machine: Machine) -> None:
    if machine.doomed:
        terminate(region, machine, machine.doomed, who="Server initiated")
        return
    if machine.falls:
        fall_back(region, machine, machine.falls.pop(0))
        return
    machine.reason, machine.state_reason = "", None
    machine.public_ip = region.new_public_ip() if machine.facts.public else None
    _move(region, machine, "running", "clock")


def _stopped(region: Region, machine: Machine) -> None:
    machine.public_ip = None
    _move(region, machine, "stopped", "clock")


def _terminated(region: Region, machine: Machine) -> None:
    machine.public_ip = machine.private_ip = None
    for volume in machine.volumes:
        volume.machine = None
        if not volume.disk.keep:
            del region.volumes[volume.id]
    machine.volumes = ()
    _move(region, machine, "terminated", "clock")
    region.tokens.terminated(machine, region.cloud.now)
    region.cloud.timeline.after(region.cloud.delay("forget"), lambda: region.forget(machine))


def _move(region: Region, machine: Machine, state: State, cause: str) -> None:
    before = machine.state
    if before in OCCUPYING:
        _count(region, machine, -1)
    if state in OCCUPYING:
        _count(region, machine, +1)
    machine.state, machine.since = state, region.cloud.now
    region.cloud.ledger.changed(region.cloud.now, machine.id, before, state, cause)


def _then(region: Region, machine: Machine, delay: str, end: Callable[[], None]) -> None:
    """The transition's end, unless another transition began before it."""
    machine.epoch += 1
    epoch = machine.epoch

    def arrive() -> None:
        if machine.epoch == epoch:
            end()

    region.cloud.timeline.after(region.cloud.delay(delay), arrive)


def _count(region: Region, machine: Machine, by: int) -> None:
    region.occupied[machine.facts.zone, machine.facts.instance_type] += by
