"""EC2's token buckets, one pair per account, region and action: requests, and (four actions) the machines they name.

Source: EC2 developer guide, "Request throttling for the Amazon EC2 API": each API has its own bucket; a Describe that is
neither paginated nor filtered has a smaller one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.standin.errors import AwsError, error

READS, BARE_READS, CHANGES = (100, 20.0), (50, 10.0), (50, 5.0)
"""(most tokens, tokens per second) of whatever is not named below."""
REQUESTS: Mapping[str, tuple[int, float]] = {
    "RunInstances": (5, 2.0),
    "StartInstances": (5, 2.0),
    "StopInstances": (50, 5.0),
    "TerminateInstances": (100, 5.0),
    "CreateTags": (100, 10.0),
    "DeleteTags": (100, 10.0),
}
RESOURCES: Mapping[str, tuple[int, float]] = {
    "RunInstances": (1000, 2.0),
    "StartInstances": (1000, 2.0),
    "StopInstances": (1000, 20.0),
    "TerminateInstances": (1000, 20.0),
}


class Bucket:
    __slots__ = ("_at", "_left", "_most", "_rate")

    def __init__(self, most: float, rate: float, now: float) -> None:
        self._most, self._rate, self._left, self._at = most, rate, most, now

    def has(self, tokens: float, now: float) -> bool:
        self._left = min(self._most, self._left + max(0.0, now - self._at) * self._rate)
        self._at = now
        return self._left >= tokens

    def take(self, tokens: float) -> None:
        self._left -= tokens


class Throttle:
    """The buckets of one account and region; full when first asked for."""

    def __init__(self) -> None:
        self._buckets: dict[str, Bucket] = {}

    def check(self, action: str, asked: Mapping[str, Any], *, mutating: bool, now: float) -> None:
        """Take the tokens of one call, or take none and raise RequestLimitExceeded."""
        name, size = _request_bucket(action, asked, mutating=mutating)
        requests = self._bucket(name, size, now)
        if not requests.has(1, now):
            raise error("RequestLimitExceeded")
        if action in RESOURCES:
            resources, number = self._bucket(f"{action}/resources", RESOURCES[action], now), _machines(action, asked)
            if not resources.has(number, now):
                raise AwsError(
                    "RequestLimitExceeded", f"Request limit exceeded: {action} names more machines than are left.", 503
                )
            resources.take(number)
        requests.take(1)

    def _bucket(self, name: str, size: tuple[int, float], now: float) -> Bucket:
        if name not in self._buckets:
            self._buckets[name] = Bucket(*size, now)
        return self._buckets[name]


def _request_bucket(action: str, asked: Mapping[str, Any], *, mutating: bool) -> tuple[str, tuple[int, float]]:
    if mutating:
        return action, REQUESTS.get(action, CHANGES)
    bare = not any(asked.get(name) for name in ("MaxResults", "Filters", "NextToken", "InstanceIds"))
    return (f"{action}/bare", BARE_READS) if bare else (action, READS)


def _machines(action: str, asked: Mapping[str, Any]) -> int:
    return int(asked.get("MaxCount", 1)) if action == "RunInstances" else len(asked.get("InstanceIds", ()))
