"""What happened, for tests to ask: every mutating call with its outcome, and every change of state of every machine."""

from __future__ import annotations

from collections import Counter
from typing import Any, NamedTuple


class Change(NamedTuple):
    """One machine went from one state to another. `cause` is a request id, `clock`, `outside`, `seed` or a schedule's name."""

    number: int
    at: float
    id: str
    before: str
    after: str
    cause: str


class Ledger:
    """Append-only; numbers start at 1, so that `since=0` means everything."""

    def __init__(self) -> None:
        self.calls: list[dict[str, Any]] = []
        self.changes: list[Change] = []
        self.counts: Counter[str] = Counter()
        """Every call by action, reading ones and refused ones too."""
        self.machines_shown = 0
        """Machines in all answers of DescribeInstances and DescribeInstanceStatus together."""

    def changed(self, at: float, machine_id: str, before: str, after: str, cause: str) -> None:
        self.changes.append(Change(len(self.changes) + 1, at, machine_id, before, after, cause))

    def called(self, entry: dict[str, Any]) -> None:
        entry["number"] = len(self.calls) + 1
        self.calls.append(entry)

    def calls_since(self, number: int, actions: set[str]) -> list[dict[str, Any]]:
        return [one for one in self.calls[max(0, number) :] if not actions or one["action"] in actions]

    def changes_since(self, number: int, ids: set[str]) -> list[Change]:
        return [one for one in self.changes[max(0, number) :] if not ids or one.id in ids]
