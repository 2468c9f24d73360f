"""Offers: every cloud that is configured here is asked at the same time for types with GPUs, where they are and what they cost.

By this process's own credentials, as a rehearsal asks for prices: nothing is written, and nothing is launched. A cloud that does
not answer in time, or does not know us, holds nobody up; what kept prices and built-in tables say of it is shown all the same.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from im.domain.errors import ImError, Refused
from im.domain.money.forecast import rates
from im.domain.money.offer import Offer, Offers, Silent, in_order
from im.domain.money.quote import Quote
from im.domain.scope import Scope
from im.domain.spec.gpu import Gpus, parse_gpus, types_with
from im.domain.spec.spec import Spec
from im.providers import registry
from im.providers.errors import NoCapacity, ProviderError
from im.providers.prices import built_in
from im.services.money.costs import expected_of, price_book, priced
from im.services.money.rules import rules_of

if TYPE_CHECKING:
    from im.context import Context
    from im.domain.money.bill import Item, Price
    from im.providers.contract import Provider
    from im.settings import Settings

PATIENCE = 10.0
"""Seconds for which all clouds together are waited for."""


@dataclass(slots=True)
class _Asked:
    """One account of one cloud; its thread fills in what it is told."""

    scope: Scope
    types: Sequence[str]
    zones: Mapping[str, Sequence[str]] = field(default_factory=dict)
    prices: Mapping[Item, Sequence[Price]] = field(default_factory=dict)
    at: float | None = None
    """When it answered, by this process's steady clock."""
    trouble: str = f"did not answer within {PATIENCE:.0f} s"


def offers(
    ctx: Context, wanted: str | None, most: Decimal | None, span: timedelta, *, gives: float = PATIENCE
) -> Offers:
    """`wanted`: GPUs by their word; None: all that there are. Raises Refused for a word that is none.

    `most`: USD an hour. `span`: from now to the deadline for which the bill is told.
    """
    gpus = parse_gpus(wanted) if wanted else None
    asked, silent = _places(ctx.settings, gpus)
    _ask_all(ctx, asked, gives)
    book, now = _book(ctx, asked)
    found: list[Offer] = []
    for one in asked:
        if one.trouble:
            silent.append(Silent(one.scope.provider, one.scope.account, one.trouble))
        found += [_offer(one, kind, {**book, **one.prices}, span, now) for kind in one.types if _is_offered(one, kind)]
    return Offers(in_order(found, most), tuple(sorted(silent, key=lambda one: (one.provider, one.account))), now)


def _is_offered(one: _Asked, kind: str) -> bool:
    """Of a cloud that answered, what it has; of any other, what we know that it sells."""
    return one.at is None or bool(one.zones.get(kind))


def _places(settings: Settings, wanted: Gpus | None) -> tuple[list[_Asked], list[Silent]]:
    asked, silent = [], []
    for cloud in registry.names():
        can = registry.capabilities(cloud)
        if not can.gpus:
            continue
        try:
            types = types_with(wanted, can.gpus, cloud) if wanted else tuple(can.gpus)
        except Refused as exc:
            silent.append(Silent(cloud, "", f"{exc.message}; {exc.hint}"))
            continue
        accounts = _accounts(settings, cloud)
        if not accounts:
            silent.append(
                Silent(
                    cloud, "", f"no credentials are seen here: {registry.own_credentials(cloud, os.environ).missing}"
                )
            )
        asked += [_Asked(Scope(cloud, name, settings.region_of(name, cloud)), types) for name in accounts]
    return asked, silent


def _accounts(settings: Settings, cloud: str) -> list[str]:
    """Those that are declared; else the usual one, where its credentials are seen, or where it is pretended."""
    declared = [one.name for one in settings.accounts if one.provider == cloud]
    if declared:
        return declared
    if settings.sandbox:
        return [settings.account] if cloud in settings.sandboxes else []
    return [settings.account] if registry.own_credentials(cloud, os.environ).who else []


def _ask_all(ctx: Context, asked: Sequence[_Asked], gives: float) -> None:
    """In threads that nobody waits for once time is up, and that keep no process alive."""
    threads = [threading.Thread(target=_ask, args=(ctx, one), name=str(one.scope), daemon=True) for one in asked]
    for thread in threads:
        thread.start()
    until = time.monotonic() + gives
    for thread in threads:
        thread.join(max(0.0, until - time.monotonic()))


def _ask(ctx: Context, one: _Asked) -> None:
    """What it was told is written at the end, all at once: whoever has waited long enough reads the whole of it, or nothing."""
    try:
        provider = registry.connect(one.scope.provider, ctx.settings, "im-offers", one.scope.account)
        zones = _zones(provider, one)
        one.prices = _prices(provider, one)
        one.zones, one.trouble, one.at = zones, "", time.monotonic()
    except ProviderError as exc:
        one.trouble = exc.message
    except ImError as exc:
        one.trouble = f"{exc.message}; {exc.hint}" if exc.hint else exc.message
    except Exception as exc:  # a thread that dies of it would only be silent
        one.trouble = f"im cannot read what it was told ({type(exc).__name__})"


def _zones(provider: Provider, one: _Asked) -> Mapping[str, Sequence[str]]:
    try:
        return provider.zones.offering(one.scope, _spec(one.types[0]), one.types) if provider.zones is not None else {}
    except NoCapacity:
        return {}


def _prices(provider: Provider, one: _Asked) -> Mapping[Item, Sequence[Price]]:
    """What its own list tells now; nothing where it tells none, and those that were known before hold."""
    items = {item for kind in one.types for item in priced(one.scope, _spec(kind), None)}
    try:
        return provider.prices.fetch(one.scope, sorted(items)) if provider.prices is not None else {}
    except ProviderError:
        return {}


def _book(ctx: Context, asked: Sequence[_Asked]) -> tuple[dict[Item, Sequence[Price]], datetime]:
    """Kept prices, and the built-in ones where there is no database."""
    items = {
        item
        for one in asked
        for kind in one.types
        for item in priced(one.scope, _spec(kind), expected_of(one.scope, _spec(kind)).disk_type)
    }
    try:
        with ctx.looking() as connection:
            return price_book(connection, items), ctx.clock(connection)
    except ImError:
        return {one: (price,) for one in items if (price := built_in(one)) is not None}, datetime.now(UTC)


def _offer(one: _Asked, kind: str, book: Mapping[Item, Sequence[Price]], span: timedelta, now: datetime) -> Offer:
    scope, can = one.scope, registry.capabilities(one.scope.provider)
    spec = _spec(kind)
    hourly = rates(scope, spec, expected_of(scope, spec), book, now, rules=rules_of(scope))
    quote = Quote(hourly, 1, span, began_at=now)
    zones = tuple(one.zones.get(kind, ()))
    room = True if zones and can.tells_room else None
    figures = (quote.per_hour, quote.to_deadline, hourly.source)
    where = (scope.provider, scope.account, scope.region, zones, room)
    # what lies between answer and now is known by our own clock alone; which moment that was, by the one that all go by
    asked_at = None if one.at is None else now - timedelta(seconds=time.monotonic() - one.at)
    return Offer(*where, kind, parse_gpus(can.gpus[kind]), *figures, asked_at)


def _spec(kind: str) -> Spec:
    """No more than what a price and a place depend on."""
    return Spec(kind, "", "", "", "", "")
