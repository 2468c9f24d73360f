"""What `im doctor` asks of Vast: who we are and what is left of its credit, what there is, and whether searches are allowed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal

from im.domain.spec.spec import Spec
from im.providers.contract import Check
from im.providers.errors import NoCapacity
from im.providers.kit.checks import check
from im.providers.vast.api import VastApi
from im.providers.vast.market import Market
from im.providers.vast.profile import DEFAULT_TYPE, WORLD

_CREDENTIALS = "set VAST_API_KEY where the worker runs; https://cloud.vast.ai/manage-keys/ makes one"
_ALLOW = "give the key the permissions that docs/clouds/vast.md names, or add credit"


def checks(api: VastApi, market: Market, identity: Callable[[], str]) -> Sequence[Check]:
    asked = {
        "endpoint": lambda: f"{api.page().body.get('total_instances', 0)} instances of the account, whoever made them",
        "identity": identity,
        "credit": lambda: _credit(api),
        "type": lambda: _usual_type(market),
    }
    return [check(name, ask, credentials=_CREDENTIALS, allow=_ALLOW) for name, ask in asked.items()]


def _credit(api: VastApi) -> str:
    """At zero everything is stopped, and deleted later."""
    told = api.user()
    return f"${Decimal(str(told.get('credit') or told.get('balance') or 0)):.2f} of credit are left"


def _usual_type(market: Market) -> str:
    seen = market.look(Spec("", WORLD, "", "", "", ""), [DEFAULT_TYPE])
    if not seen:
        raise NoCapacity(f"nobody at Vast offers {DEFAULT_TYPE} now: name a type with --instance-type")
    return f"{len(seen)} offers of {DEFAULT_TYPE}, the best for ${seen[0].compute:.3f} an hour"
