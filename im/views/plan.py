"""What a create comes to, before anything is written: the answer of its dry run; and read again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from im.domain.guard import GuardKind
from im.domain.money.amount import ZERO, exact
from im.domain.money.offer import Offer
from im.domain.money.quote import Quote
from im.domain.spec.plan import Plan
from im.domain.state import OnExpiry
from im.views.cost import rates_json, read_rates
from im.views.machine import machine_json, read_spec
from im.views.offer import offer_json, read_offer
from im.views.scope import place_json, read_place
from im.views.times import precise, read_moment, read_seconds, read_span, read_utc, seconds, utc


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """A plan with what it would cost, until when, and who chose its region (None: a zone did)."""

    plan: Plan
    quote: Quote
    expires_at: datetime
    region_source: str | None
    sandbox: bool
    defaults: Mapping[str, str] = field(default_factory=dict)
    """`instance_type`, `zone`, `image`: the variable that says it, where the deployment does and the person does not."""
    best: tuple[Offer, ...] = ()
    """Where any cloud will do: the offers that it was chosen from, the cheapest first."""


def plan_json(one: Rehearsed) -> dict[str, Any]:
    """`quote` is what it would cost, unrounded, and of what that is made."""
    plan, quote = one.plan, one.quote
    return {
        "dry_run": True,
        "sandbox": one.sandbox,
        "names": list(plan.names),
        "count": plan.count,
        **place_json(plan.scope),
        "region_source": one.region_source,
        "defaults": dict(one.defaults),
        "zone": plan.spec.zone or None,
        "instance_type": plan.spec.instance_type,
        "image": plan.spec.image,
        "ssh_user": plan.spec.ssh_user,
        "tags": dict(plan.spec.tags),
        **machine_json(plan.spec),
        "expires_at": utc(one.expires_at),
        "on_expiry": plan.on_expiry.value,
        "guard": plan.guard.value,
        "guard_grace_seconds": seconds(plan.grace) if plan.guard is not GuardKind.NONE else None,
        "if_gone": plan.if_gone,
        "keep_stopped_seconds": seconds(plan.keep_stopped),
        "protected": plan.protect,
        "usd_per_hour": exact(quote.per_hour),
        "usd_to_deadline": exact(quote.to_deadline),
        "usd_per_hour_afterwards": exact(_afterwards(one)),
        "price_source": quote.rates.source or None,
        "quote": _quote_json(quote),
        "offers": [offer_json(offer) for offer in one.best],
    }


def _afterwards(one: Rehearsed) -> Decimal | None:
    """USD an hour past the deadline; None where nobody knows it: a snapshot is weighed once it is made."""
    ends = {OnExpiry.STOP: one.quote.stopped, OnExpiry.TERMINATE: ZERO, OnExpiry.SHELVE: None}
    return ends[one.plan.on_expiry]


def read_plan(told: Mapping[str, Any]) -> Rehearsed:
    grace = told["guard_grace_seconds"]
    plan = Plan(
        read_place(told),
        read_spec(told),
        tuple(told["names"]),
        told["count"],
        OnExpiry(told["on_expiry"]),
        GuardKind(told["guard"]),
        read_span(grace or 0),
        read_seconds(told["keep_stopped_seconds"]),
        told["protected"],
        told.get("if_gone", ""),
    )
    quote = _read_quote(told["quote"], plan)
    until, best = read_moment(told["expires_at"]), tuple(map(read_offer, told.get("offers", ())))
    return Rehearsed(plan, quote, until, told["region_source"], told["sandbox"], told["defaults"], best)


def _quote_json(quote: Quote) -> dict[str, Any]:
    """`endless`: its deadline stops it, which saves nothing, and nobody has said when it is terminated."""
    return {
        "began_at": utc(quote.began_at),
        "seconds": precise(quote.span),
        "endless": quote.endless,
        "rates": rates_json(quote.rates),
    }


def _read_quote(told: Mapping[str, Any], plan: Plan) -> Quote:
    return Quote(
        read_rates(told["rates"]),
        plan.count,
        read_span(told["seconds"]),
        plan.spec.spot is not None,
        read_utc(told["began_at"]),
        told["endless"],
    )
