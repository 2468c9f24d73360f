"""ClientToken: one launch per token, zone and request. A zone or subnet in the request makes the token zonal.

Source: EC2 developer guide, "Ensuring idempotency in Amazon EC2 API requests". A refused launch leaves its token unused. What the
guide leaves open is modelled so: a token whose machines are all terminated answers IdempotentInstanceTerminated for a day.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.standin.errors import AwsError, invalid
from tests.standin.machine import Machine

REMEMBERED = 24 * 3600.0
"""Seconds for which the token of a terminated machine is remembered."""
LONGEST = 64


@dataclass(slots=True)
class Use:
    request: str
    machines: list[Machine]
    ended_at: float = 0.0


class Tokens:
    """The tokens of one account and region."""

    def __init__(self) -> None:
        self._uses: dict[tuple[str, str], Use] = {}
        self._zone_of: dict[str, tuple[str, str]] = {}

    def earlier(self, token: str, zone: str, asked: Mapping[str, Any], now: float) -> list[Machine] | None:
        """The machines that this very request made before; None when it is new. Raises for a token used otherwise."""
        if len(token) > LONGEST or not token.isascii():
            raise invalid(f"Invalid value '{token}' for clientToken: at most {LONGEST} ASCII characters")
        use = self._uses.get((zone, token))
        if use is None:
            return None
        alive = [one for one in use.machines if one.state != "terminated"]
        if not alive and now - use.ended_at > REMEMBERED:
            del self._uses[zone, token]
            return None
        if use.request != _fingerprint(asked):
            raise AwsError(
                "IdempotentParameterMismatch",
                "The request uses the same client token as a previous, but non-identical request.",
            )
        if not alive:
            raise AwsError(
                "IdempotentInstanceTerminated",
                "The client token was used for a launch whose instances have been terminated.",
            )
        return use.machines

    def used(self, token: str, zone: str, asked: Mapping[str, Any], machines: list[Machine]) -> None:
        self._uses[zone, token] = Use(_fingerprint(asked), machines)
        for one in machines:
            self._zone_of[one.id] = (zone, token)

    def terminated(self, machine: Machine, now: float) -> None:
        at = self._zone_of.pop(machine.id, None)
        if at is not None and at in self._uses:
            self._uses[at].ended_at = now


def _fingerprint(asked: Mapping[str, Any]) -> str:
    return json.dumps({key: value for key, value in asked.items() if key != "DryRun"}, sort_keys=True, default=str)
