"""An `im create` as typed, and what it comes to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from im.domain.config.region import said_by
from im.domain.errors import Refused
from im.domain.explain.if_gone import planned
from im.domain.guard import GuardKind
from im.domain.input.duration import FOREVER, parse_keep
from im.domain.spec.firewall import ME, NOBODY, check_sources
from im.domain.spec.names import check_name, check_tags, numbered
from im.domain.spec.plan import Plan, check_count
from im.domain.state import OnExpiry
from im.providers import registry
from im.services.requests import places
from im.services.requests.gpus import with_gpus
from im.services.requests.shelving import check_shelving

if TYPE_CHECKING:
    from im.domain.access import Actor
    from im.domain.intent import Deadline
    from im.domain.money.offer import Offer
    from im.domain.spec.spec import Spec
    from im.providers.capabilities import Capabilities
    from im.providers.request import Ask
    from im.services.requests.wish import Wish
    from im.setting import Usual
    from im.settings import Settings


HERE = "127.0.0.1/32"
"""In a sandbox nobody comes from anywhere."""


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
    elsewhere: tuple[Order, ...] = ()
    """What is tried at other clouds after it, in order."""
    best: tuple[Offer, ...] = ()
    """The offers that it was chosen from, the cheapest first."""


def plan(settings: Settings, order: Order) -> Plan:
    """Check an order without writing or asking anything. Raises Refused."""
    check_count(order.count)
    profile = registry.profile(order.provider)
    settings.place_of(order.provider, order.account)
    region = settings.region_of(order.account, order.provider)
    scope, spec = places.plan(
        profile, _filled(settings, order), account=order.account, region=region, retry=order.retry
    )
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
        *(scope, spec, names, order.count, on_expiry, guard, grace),
        keep_stopped=keep,
        protect=order.protect,
        if_gone=planned(order.provider, guard, grace, on_expiry, profile.capabilities.guard_means),
    )


def _guard_of(settings: Settings, order: Order, can: Capabilities) -> GuardKind:
    """As asked, else as the deployment has it; a cloud that has none of its own cannot be asked for one."""
    if can.native_deadline:
        return order.guard or settings.guard
    if order.guard not in (None, GuardKind.NONE):
        raise Refused(
            f"{order.provider} {can.why_no_guard}",
            "say --guard none; workers on two machines make it rare that all of im is gone",
        )
    return GuardKind.NONE


def _on_expiry_of(order: Order, spec: Spec, can: Capabilities) -> OnExpiry:
    if order.ask.spot is not None and not can.can_spot:
        raise Refused(f"{order.provider} has no spot machines", "leave --spot out")
    if order.on_expiry is OnExpiry.SHELVE:
        check_shelving(order.provider, "say --on-expiry stop")
        if spec.spot is not None:
            raise Refused(
                "a spot machine cannot be shelved: the cloud may take it back at any time", "leave --spot out"
            )
        return OnExpiry.SHELVE
    spot = spec.spot
    never = can.no_stop(spec)
    stops = not never and not (spot and spot.once)
    if order.on_expiry is OnExpiry.STOP and not stops:
        if never:
            raise Refused(never, "leave --on-expiry stop out; im extend NAME -d 2h  keeps it longer")
        raise Refused(
            "a one-time spot machine cannot be stopped, so its deadline terminates it", "leave --on-expiry stop out"
        )
    return order.on_expiry or (OnExpiry.STOP if stops else OnExpiry.TERMINATE)


def _check_conflicts(order: Order, on_expiry: OnExpiry) -> None:
    if order.protect and order.ask.spot is not None:
        raise Refused(
            "a spot machine cannot be protected: the cloud may take it back at any time",
            "leave --protect out, or --spot",
        )
    if on_expiry is OnExpiry.STOP:
        return
    if on_expiry is OnExpiry.SHELVE:
        if order.keep_stopped not in ("", FOREVER):
            raise Refused("its deadline is to shelve it, and its snapshot is kept", "leave --keep-stopped out")
        if order.protect:
            told = "its deadline is to shelve it, which ends the machine, and protection would be an empty promise"
            raise Refused(told, "leave --protect out")
        return
    asked = order.on_expiry is OnExpiry.TERMINATE
    what = (
        "its deadline is to terminate it" if asked else "this machine cannot be stopped, so its deadline terminates it"
    )
    if order.keep_stopped not in ("", FOREVER):
        raise Refused(f"{what}, and nothing is left to keep", "leave --keep-stopped out")
    if order.protect:
        raise Refused(f"{what}, and protection would be an empty promise", "leave --protect out")


# ---- from what is typed ----------------------------------------------------------------------------------------------


def order_of(settings: Settings, wish: Wish, actor: Actor, own_network: Callable[[], str]) -> Order:
    """Raises Refused for what cannot be. `own_network`: the network of whoever says `me`; asked last, and only where it matters."""
    cloud, account = settings.place_of(wish.provider, wish.account)
    order = Order(
        provider=cloud,
        account=account,
        ask=replace(wish.ask, owner=wish.owner or actor.name),
        name=wish.name,
        count=wish.count,
        deadline=wish.deadline,
        actor=actor,
        guard=wish.guard,
        keep_stopped=wish.keep_stopped,
        protect=wish.protect,
        on_expiry=wish.on_expiry,
        retry=wish.retry,
    )
    return _let_in(settings, order, wish.ssh_from, own_network)


def region_said(settings: Settings, order: Order) -> str | None:
    """Who chose the region; None where a zone did, or nobody knows."""
    if order.ask.zone not in (None, "any"):
        return None
    return said_by(settings.region_of(order.account, order.provider)) or None


def defaults_said(settings: Settings, order: Order) -> dict[str, str]:
    """`instance_type`, `zone`, `image`: which variable says it, where the deployment does and the person does not."""
    return {name: one.said for name, one in _unsaid(settings, order).items()}


def _filled(settings: Settings, order: Order) -> Ask:
    asked = replace(order, ask=_with_gpus(settings, order))
    said: dict[str, Any] = {name: one.value for name, one in _unsaid(settings, asked).items()}
    if registry.capabilities(order.provider).market:
        said["lasts"] = _lasts(order.deadline)
    return replace(asked.ask, **said)


def _lasts(deadline: Deadline) -> timedelta:
    """About how long from now, by this machine's clock: a host's promise is not measured more finely."""
    if deadline.to is None:
        return deadline.by or timedelta(0)
    return max(timedelta(0), deadline.to - datetime.now(UTC))


def _with_gpus(settings: Settings, order: Order) -> Ask:
    """Where a cloud has no regions to choose from, its zones are as far apart as regions are elsewhere."""
    can, spread = registry.capabilities(order.provider), not _unsaid(settings, order).get("zone")
    everywhere = spread and settings.region_of(order.account, order.provider) == "all"
    return with_gpus(order.ask, order.provider, can, everywhere=everywhere)


def _unsaid(settings: Settings, order: Order) -> dict[str, Usual]:
    """What this deployment has the cloud take for what was not said; the region is read for itself."""
    usual = settings.usual_of(order.provider)
    return {name: one for name, one in usual.items() if name != "region" and getattr(order.ask, name) is None}


def keeps_out(settings: Settings, provider: str | None, account: str | None) -> bool:
    """Has the cloud that is meant a firewall, so that nobody can be let in there? Also where it cannot be told which is meant."""
    try:
        return registry.capabilities(settings.place_of(provider, account)[0]).can_firewall
    except Refused:
        return True


def sources(words: Sequence[str], own_network: Callable[[], str]) -> tuple[str, ...]:
    """`me` and `none` replaced by what they stand for."""
    return tuple(dict.fromkeys(own_network() if word == ME else word for word in words if word != NOBODY))


def _let_in(settings: Settings, order: Order, said: tuple[str, ...], own_network: Callable[[], str]) -> Order:
    """The order with the networks that may log in. Whoever brings a firewall of their own, or has none, says nothing of them."""
    can = registry.capabilities(order.provider)
    if not said and (_has_own_door(order.ask) or not can.can_firewall):
        return order
    hidden = order.ask.options.get("public-ip") == "no"
    words = said or _usual(settings, hidden=hidden)
    if ME in words and hidden:
        raise Refused(
            "a machine without a public address cannot be reached from yours, which is what --ssh-from me lets in",
            "name the network that you come from, as in --ssh-from 10.0.0.0/8, or leave --public-ip no out",
        )
    somewhere = replace(order, ask=replace(order.ask, ssh_from=sources(words, lambda: HERE)))
    if not can.real or settings.sandbox or ME not in words:
        return somewhere
    # what is wrong for other reasons is refused before anybody is asked
    plan(settings, somewhere)
    return replace(order, ask=replace(order.ask, ssh_from=sources(words, own_network)))


def _has_own_door(ask: Ask) -> bool:
    """A flag of the cloud's own says who may reach it."""
    return any(ask.options.get(flag.name) for flag in registry.flags() if flag.lets_in)


def _usual(settings: Settings, *, hidden: bool) -> tuple[str, ...]:
    """Nobody by default where there is no public address: who is on the internet cannot come, and their network is not known."""
    words = check_sources((settings.ssh_from,))
    return (NOBODY,) if ME in words and hidden else words
