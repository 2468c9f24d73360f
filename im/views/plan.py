"""What a create comes to, before anything is written: the answer of its dry run."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from im.domain.guard import GuardKind
from im.domain.money.amount import ZERO, exact
from im.domain.money.quote import Quote
from im.domain.state import OnExpiry
from im.views.machine import machine_json
from im.views.times import seconds, utc

if TYPE_CHECKING:
    from im.services.requests.order import Plan


def plan_json(
    plan: Plan, quote: Quote, expires_at: datetime, *, region_source: str | None, sandbox: bool
) -> dict[str, Any]:
    """`region_source`: who chose the region; None where a zone did."""
    return {
        "dry_run": True,
        "sandbox": sandbox,
        "names": list(plan.names),
        "count": plan.count,
        "provider": plan.scope.provider,
        "account": plan.scope.account,
        "region": plan.scope.region,
        "region_source": region_source,
        "zone": plan.spec.zone or None,
        "instance_type": plan.spec.instance_type,
        "candidates": [[one.instance_type, one.zone] for one in plan.spec.candidates],
        "image": plan.spec.image,
        "ssh_user": plan.spec.ssh_user,
        "tags": plan.spec.tags,
        "public_ip_wished": plan.spec.public_ip,
        **machine_json(plan.spec),
        "expires_at": utc(expires_at),
        "on_expiry": plan.on_expiry.value,
        "guard": plan.guard.value,
        "guard_grace_seconds": seconds(plan.grace) if plan.guard is not GuardKind.NONE else None,
        "keep_stopped_seconds": seconds(plan.keep_stopped),
        "protected": plan.protect,
        "usd_per_hour": exact(quote.per_hour),
        "usd_to_deadline": exact(quote.to_deadline),
        "usd_per_hour_afterwards": exact(quote.stopped if plan.on_expiry is OnExpiry.STOP else ZERO),
        "price_source": quote.rates.source or None,
    }
