"""An `im create` as typed, and what it comes to."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from im.domain.access import Actor
from im.domain.errors import Refused
from im.domain.guard import GuardKind
from im.domain.input.duration import FOREVER, parse_keep
from im.domain.intent import Deadline
from im.domain.scope import Scope
from im.domain.spec.names import check_name, check_tags, numbered
from im.domain.spec.spec import Spec
from im.domain.state import OnExpiry
from im.providers import registry
from im.providers.contract import Capabilities
from im.providers.request import Ask
from im.services.requests import places

if TYPE_CHECKING:
    from im.settings import Settings


MAX_COUNT = 1000


@dataclass(frozen=True, slots=True)
class Order:
    """One `im create`, as typed."""

    provider: str
    account: str
    ask: Ask
    name: str | None
    count: int
    deadline: Deadline
    actor: Actor
    guard: GuardKind | None = None
    """None: as this deployment has it."""
    keep_stopped: str = ""
    """How long it is kept once its TTL has stopped it: a duration, `forever`, or empty for what the settings say."""
    protect: bool = False
    on_expiry: OnExpiry | None = None
    """What the deadline is to do; None: stop, where the machine can be stopped."""
    retry: bool = False
    """When every place has refused for want of room: begin again, until the deadline."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What an order comes to; `names` is empty when they will be made up."""

    scope: Scope
    spec: Spec
    names: tuple[str, ...]
    count: int
    on_expiry: OnExpiry
    capabilities: Capabilities
    guard: GuardKind = GuardKind.NONE
    grace: timedelta = timedelta(0)
    """How long after the deadline the guard acts."""
    keep_stopped: timedelta | None = None
    """None: for good."""
    protect: bool = False


def plan(settings: Settings, order: Order) -> Plan:
    """Check an order without writing or asking anything. Raises Refused."""
    if not 1 <= order.count <= MAX_COUNT:
        raise Refused(f"{order.count} machines at once is not possible", f"ask for 1 to {MAX_COUNT}")
    profile = registry.profile(order.provider)
    settings.place_of(order.provider, order.account)
    region = settings.region_of(order.account, order.provider)
    scope, spec = places.plan(profile, order.ask, account=order.account, region=region, retry=order.retry)
    if tags := {**dict(settings.tags), **order.ask.tags}:
        spec = replace(spec, tags=check_tags(tags))
    names = tuple(check_name(n) for n in numbered(order.name, order.count)) if order.name is not None else ()
    on_expiry = _on_expiry_of(order, spec, profile.capabilities)
    guard = _guard_of(settings, order, profile.capabilities)
    grace = timedelta(seconds=settings.guard_grace)
    _check_conflicts(order, on_expiry)
    account = settings.account_called(order.account, order.provider)
    # the guard's role is often known to the workers alone
    profile.check_access(scope, account, settings, guarded=guard is not GuardKind.NONE)
    keep = parse_keep(order.keep_stopped or (settings.keep_stopped if on_expiry is OnExpiry.STOP else FOREVER))
    return Plan(
        *(scope, spec, names, order.count, on_expiry, profile.capabilities, guard, grace),
        keep_stopped=keep,
        protect=order.protect,
    )


def _guard_of(settings: Settings, order: Order, can: Capabilities) -> GuardKind:
    """As asked, else as the deployment has it; a cloud that has none of its own cannot be asked for one."""
    if can.native_deadline:
        return order.guard or settings.guard
    if order.guard not in (None, GuardKind.NONE):
        raise Refused(f"{order.provider} has no deadline of its own to guard with", "leave --guard out")
    return GuardKind.NONE


def _on_expiry_of(order: Order, spec: Spec, can: Capabilities) -> OnExpiry:
    if order.ask.spot is not None and not can.can_spot:
        raise Refused(f"{order.provider} has no spot machines", "leave --spot out")
    spot = spec.spot
    stops = can.can_stop and not (spot and spot.once)
    if order.on_expiry is OnExpiry.STOP and not stops:
        what = "a one-time spot machine" if can.can_stop else f"a machine at {order.provider}"
        raise Refused(f"{what} cannot be stopped, so its deadline terminates it", "leave --on-expiry stop out")
    return order.on_expiry or (OnExpiry.STOP if stops else OnExpiry.TERMINATE)


def _check_conflicts(order: Order, on_expiry: OnExpiry) -> None:
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
