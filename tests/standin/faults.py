"""A script of what goes wrong. A fault says three things: what becomes of the effect, what of the reply, how long it takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from fnmatch import fnmatchcase
from random import Random
from typing import Any

EFFECTS = ("now", "none", "late")
REPLIES = ("normal", "error", "lost", "truncated")


@dataclass(slots=True)
class Fault:
    """Strikes calls of `action` (a pattern) after it let `skip` of them pass: `times` times or until `until`, with probability `p`.

    effect: `now` as usual, `none` never, `late` lands `late_by` seconds (stand-in's clock) after the call came in.
    reply: `normal`, `error` (`code`, `message`, `status`), `lost` (connection closed, no byte), `truncated` (`keep` of its
    body, though all of it was announced). `delay`: seconds of the machine's own time before the reply leaves.
    """

    number: int
    action: str = "*"
    effect: str = "now"
    late_by: float = 0.0
    reply: str = "normal"
    code: str = ""
    message: str = ""
    status: int = 0
    keep: float = 0.5
    delay: float = 0.0
    skip: int = 0
    times: int | None = None
    until: float | None = None
    p: float = 1.0
    account: str = ""
    region: str = ""
    zone: str = ""
    ids: list[str] = field(default_factory=list)
    struck: int = 0

    def __post_init__(self) -> None:
        if self.effect not in EFFECTS or self.reply not in REPLIES:
            raise ValueError(f"effect is one of {', '.join(EFFECTS)}; reply one of {', '.join(REPLIES)}")
        if self.reply == "error" and not (self.code or self.status):
            raise ValueError("a reply of error needs a code or a status")
        if self.effect != "now" and self.reply in ("normal", "truncated"):
            raise ValueError(f"nothing to answer {self.reply} with when the effect is {self.effect}: use error or lost")

    def matches(self, action: str, account: str, region: str, asked: Mapping[str, Any]) -> bool:
        if not fnmatchcase(action, self.action):
            return False
        if (self.account and self.account != account) or (self.region and self.region != region):
            return False
        if self.zone and (asked.get("Placement") or {}).get("AvailabilityZone") != self.zone:
            return False
        return not self.ids or bool(set(self.ids) & set(_named(asked)))


class Faults:
    """Every fault that is still to strike; the oldest that matches a call strikes it, one fault per call."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._waiting: list[Fault] = []
        self._numbers = 0

    def add(self, **fields: Any) -> int:
        """Its number, for `remove`. Raises ValueError or TypeError for fields that make no fault."""
        self._numbers += 1
        self._waiting.append(Fault(self._numbers, **fields))
        return self._numbers

    def remove(self, number: int | None = None) -> None:
        """One of them, or all."""
        self._waiting = [one for one in self._waiting if number is not None and one.number != number]

    def waiting(self) -> list[dict[str, Any]]:
        return [asdict(one) for one in self._waiting]

    def strike(self, now: float, action: str, account: str, region: str, asked: Mapping[str, Any]) -> Fault | None:
        if not self._waiting:
            return None
        self._waiting = [one for one in self._waiting if one.until is None or now < one.until]
        for fault in self._waiting:
            if not fault.matches(action, account, region, asked) or (fault.p < 1 and self._rng.random() >= fault.p):
                continue
            if fault.skip > 0:
                fault.skip -= 1
                continue
            fault.struck += 1
            if fault.times is not None:
                fault.times -= 1
                if fault.times <= 0:
                    self._waiting.remove(fault)
            return fault
        return None


def _named(asked: Mapping[str, Any]) -> Sequence[str]:
    """Every id that a call speaks of, wherever EC2 puts ids."""
    filtered = [v for f in asked.get("Filters") or () if f.get("Name") == "instance-id" for v in f.get("Values", ())]
    single = [asked["InstanceId"]] if "InstanceId" in asked else []
    return [*(asked.get("InstanceIds") or ()), *(asked.get("Resources") or ()), *filtered, *single]
