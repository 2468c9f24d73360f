"""What `im doctor` asks of Crusoe. What a key may do shows only where it does it: it has the role of its user."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from im.providers.contract import Check
from im.providers.crusoe.api import VMS, CrusoeApi
from im.providers.crusoe.features import capacities, room
from im.providers.crusoe.profile import DEFAULT_TYPE
from im.providers.errors import InvalidSpec
from im.providers.kit.checks import check

_CREDENTIALS = (
    "set CRUSOE_ACCESS_KEY_ID and CRUSOE_SECRET_KEY where the worker runs; the console makes a key under Security"
)
_ALLOW = "docs/clouds/crusoe.md names the role that the key's user needs"


def checks(api: CrusoeApi, identity: Callable[[], str]) -> Sequence[Check]:
    asked = {
        "endpoint": lambda: _machines(api),
        "identity": identity,
        "type": lambda: _default_type(api),
        "quota": lambda: _quota(api),
    }
    return [check(name, ask, credentials=_CREDENTIALS, allow=_ALLOW) for name, ask in asked.items()]


def _machines(api: CrusoeApi) -> str:
    """Requests are signed by the time: how far the clocks are apart is told with it."""
    first = api.ours(VMS)
    apart = abs((first.date - datetime.now(UTC)).total_seconds()) if first.date else 0.0
    number = len(first.body.get("items") or [])
    return f"{number} machines on the first page, whoever made them; its clock is {apart:.0f} s away from ours"


def _default_type(api: CrusoeApi) -> str:
    told = api.ours("/compute/vms/types").body.get("items") or []
    if not any(one.get("product_name") == DEFAULT_TYPE for one in told):
        raise InvalidSpec(f"Crusoe no longer sells {DEFAULT_TYPE}: name a type with --instance-type")
    where = ", ".join(room(capacities(api), DEFAULT_TYPE))
    return f"{DEFAULT_TYPE} is sold, with room in {where}" if where else f"{DEFAULT_TYPE} is sold, with no room now"


def _quota(api: CrusoeApi) -> str:
    told = api.ours("/quotas").body.get("quotas") or []
    left = [f"{one['programmatic_name']} {one['available']}" for one in told if int(one.get("available") or 0) > 0]
    return (
        f"left of the project's quotas: {', '.join(sorted(left))}"
        if left
        else "the project has no quota left of anything"
    )
