"""How the machines of an order are to end: what the deadline does, who else guards it, and what excludes what."""

from __future__ import annotations

from typing import TYPE_CHECKING

from im.domain.errors import Refused
from im.domain.guard import GuardKind
from im.domain.input.duration import FOREVER
from im.domain.spec.spec import Spec
from im.domain.state import OnExpiry
from im.providers.contract import Capabilities

if TYPE_CHECKING:
    from im.services.requests.order import Order
    from im.settings import Settings


def guard_of(settings: Settings, order: Order, can: Capabilities) -> GuardKind:
    """As asked, else as the deployment has it; a cloud that has none of its own cannot be asked for one."""
    if can.native_deadline:
        return order.guard or settings.guard
    if order.guard not in (None, GuardKind.NONE):
        raise Refused(f"{order.provider} has no deadline of its own to guard with", "leave --guard out")
    return GuardKind.NONE


def on_expiry_of(order: Order, spec: Spec, can: Capabilities) -> OnExpiry:
    if order.ask.spot is not None and not can.can_spot:
        raise Refused(f"{order.provider} has no spot machines", "leave --spot out")
    spot = spec.spot
    stops = can.can_stop and not (spot and spot.once)
    if order.on_expiry is OnExpiry.STOP and not stops:
        what = "a one-time spot machine" if can.can_stop else f"a machine at {order.provider}"
        raise Refused(f"{what} cannot be stopped, so its deadline terminates it", "leave --on-expiry stop out")
    return order.on_expiry or (OnExpiry.STOP if stops else OnExpiry.TERMINATE)


def check_conflicts(order: Order, on_expiry: OnExpiry) -> None:
    if order.protect and order.ask.spot is not None:
        raise Refused(
            "a spot machine cannot be protected: the cloud may take it back at any time",
            "leave --protect out, or --spot",
        )
    if on_expiry is OnExpiry.STOP:
        return
    asked = order.on_expiry is OnExpiry.TERMINATE
    what = (
        "its deadline is to terminate it" if asked else "this machine cannot be stopped, so its deadline terminates it"
    )
    if order.keep_stopped not in ("", FOREVER):
        raise Refused(f"{what}, and nothing is left to keep", "leave --keep-stopped out")
    if order.protect:
        raise Refused(f"{what}, and protection would be an empty promise", "leave --protect out")
