"""How a cloud bills, and where its prices hold, by the name of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from im.domain.errors import Refused
from im.domain.money.rules import PER_SECOND, BillingRules
from im.providers import registry

if TYPE_CHECKING:
    from im.domain.scope import Scope


def rules_of(scope: Scope) -> BillingRules:
    """How its cloud bills."""
    return rules_of_cloud(scope.provider)


def rules_of_cloud(provider: str) -> BillingRules:
    try:
        return registry.billing(provider)
    except Refused:  # a row of a neighbouring version, of a cloud that this one does not have
        return PER_SECOND


def priced_in(scope: Scope) -> str:
    """Where its prices hold, as items and `im prices --region` name it."""
    return rules_of(scope).priced_in(scope)
