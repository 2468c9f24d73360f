"""Hands other than the API's: somebody at the console, the guest itself, and AWS at its hardware."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tests.standin import lifecycle
from tests.standin.machine import Machine
from tests.standin.region import Region


def _start(region: Region, machine: Machine, *_: object) -> None:
    if machine.state == "stopped":
        lifecycle.start(region, machine)


def _stop(region: Region, machine: Machine, who: str, reason: tuple[str, str]) -> None:
    if machine.state in ("pending", "running"):
        lifecycle.stop(region, machine, reason, who=who)


def _terminate(region: Region, machine: Machine, who: str, reason: tuple[str, str]) -> None:
    if machine.state not in ("shutting-down", "terminated"):
        lifecycle.terminate(region, machine, reason, who=who)


def _shutdown(region: Region, machine: Machine, *_: object) -> None:
    """`shutdown -h now` in the guest: what follows is the machine's InstanceInitiatedShutdownBehavior."""
    end = _stop if machine.shutdown_behavior == "stop" else _terminate
    end(region, machine, "User initiated", lifecycle.GUEST)


def _retire(region: Region, machine: Machine, *_: object) -> None:
    _stop(region, machine, "Server initiated", lifecycle.RETIRED)


HANDS: Mapping[str, Callable[[Region, Machine, str, tuple[str, str]], None]] = {
    "start": _start,
    "stop": _stop,
    "terminate": _terminate,
    "shutdown": _shutdown,
    "retire": _retire,
    "vanish": lambda region, machine, *_: lifecycle.vanish(region, machine),
}
