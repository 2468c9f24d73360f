"""What is done when somebody changes a machine at the cloud behind our back, or when one of ours has no row.

Declared, not discovered: every choice is a setting, and `im doctor` shows it. What no setting can change is that a machine
running past its deadline is stopped, and that one which is gone stays gone: it is written down and never made anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum


class OnOutsideStop(StrEnum):
    """Somebody stopped it before its deadline."""

    RECORD = "record"
    RESTART = "restart"


class OnOutsideStart(StrEnum):
    """Somebody started what we had stopped, and its deadline is still to come."""

    ADOPT = "adopt"
    STOP = "stop"


class OnInterruption(StrEnum):
    """The cloud took a spot machine back before its deadline. What it stopped, only the cloud itself can start again."""

    LEAVE = "leave"
    """What it starts again is stopped again."""
    RESTART = "restart"
    """What it starts again runs on; what it ended stays gone."""
    REPLACE = "replace"
    """As restart, and in place of what it ended a new one is made."""


class OnOrphan(StrEnum):
    """A machine carries our tag, and no row and no launch of ours explains it."""

    LIST = "list"
    ADOPT = "adopt"


ORPHAN_TTL = timedelta(hours=1)
"""How long an orphan that is adopted by policy, and not by a person, may still run; as long as a create that names no time."""


@dataclass(frozen=True, slots=True)
class Policies:
    """What is done about what nobody asked im for."""

    outside_stop: OnOutsideStop = OnOutsideStop.RECORD
    outside_start: OnOutsideStart = OnOutsideStart.ADOPT
    orphan: OnOrphan = OnOrphan.LIST
    interruption: OnInterruption = OnInterruption.RESTART

    @property
    def sentence(self) -> str:
        """All of it on one line, with what is always so."""
        stopped = {OnOutsideStop.RECORD: "recorded", OnOutsideStop.RESTART: "started again"}[self.outside_stop]
        started = {OnOutsideStart.ADOPT: "adopted", OnOutsideStart.STOP: "stopped again"}[self.outside_start]
        orphan = {OnOrphan.LIST: "listed", OnOrphan.ADOPT: "adopted for an hour"}[self.orphan]
        taken = {
            OnInterruption.LEAVE: "left stopped",
            OnInterruption.RESTART: "runs on when the cloud restarts it",
            OnInterruption.REPLACE: "runs on when the cloud restarts it, replaced if terminated",
        }[self.interruption]
        return (
            f"stopped outside: {stopped} · started outside with time left: {started} · after the deadline: stopped again · "
            f"terminated or vanished: recorded · orphan: {orphan} · spot taken back: {taken}"
        )


DEFAULTS = Policies()
