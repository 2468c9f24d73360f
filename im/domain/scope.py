"""Where instances live."""

from __future__ import annotations

from dataclasses import dataclass

PRICED_BY_ACCOUNT = frozenset({"kubernetes"})
"""Where each account has prices of its own, and no region has."""


@dataclass(frozen=True, slots=True, order=True)
class Scope:
    """Where an instance lives: one set of credentials and one endpoint. `account` is the name our settings give it."""

    provider: str
    account: str
    region: str

    @property
    def priced_in(self) -> str:
        """Where its prices hold: in its region. A cluster has prices of its own, in all its namespaces: its account names it."""
        return self.account if self.provider in PRICED_BY_ACCOUNT else self.region

    def __str__(self) -> str:
        return f"{self.provider}/{self.account}/{self.region}"
