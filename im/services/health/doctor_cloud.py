"""What `im doctor` asks of the clouds: each declared account on its own, so that one that hangs hides nothing of the others."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING

from im.db import guards, scopes
from im.db.engine import Database
from im.domain.config.region import said_by, zone_of
from im.domain.errors import ImError
from im.domain.guard import GuardKind
from im.domain.scope import Scope
from im.providers import registry
from im.providers.contract import GUARD, GUARD_TERMINATES, Check, Provider
from im.providers.errors import ProviderError
from im.scope_threads import Threaded, lane_of

if TYPE_CHECKING:
    from im.settings import Settings

WITHIN = 25.0
"""Seconds that an account has to answer all its checks."""
_STUCK = "check the network to that account's endpoint; the other accounts are watched and stopped all the same"


NOBODY = "im-doctor"
"""Whose machines are asked for where the database does not tell who we are."""


def accounts(settings: Settings, identity: str = NOBODY) -> Iterator[tuple[Scope, Provider]]:
    """Where each account's next machine would go, the usual account first. Raises ImError for a cloud we cannot serve.

    `identity`: the deployment's id.
    """
    for cloud, name in [*(settings.place_of(None, name) for name in settings.account_names), *_others(settings)]:
        where = Scope(cloud, name, str(settings.region_of(name, cloud)))
        yield where, registry.connect(cloud, settings, identity, name)


def _others(settings: Settings) -> Iterator[tuple[str, str]]:
    """Clouds beside the usual one for which nobody declared an account, and that can be reached all the same."""
    for cloud in _undeclared(settings):
        if cloud in settings.sandboxes or not registry.lacking(cloud):
            yield cloud, settings.account


def _undeclared(settings: Settings) -> Iterator[str]:
    """Of these, those whose credentials are here, or that are pretended."""
    if any(one.name == settings.account for one in settings.accounts):
        return
    told = {settings.provider, *(one.provider for one in settings.accounts)}
    for cloud in registry.names():
        pretended = cloud in settings.sandboxes
        if cloud not in told and (
            pretended or (not settings.sandbox and registry.own_credentials(cloud, os.environ).who)
        ):
            yield cloud


def lacking(settings: Settings) -> Iterator[Check]:
    """Clouds that this machine could use but for a package of theirs; no fault, since nobody may want them."""
    for cloud in _undeclared(settings):
        if cloud not in settings.sandboxes and (install := registry.lacking(cloud)):
            told = f"{registry.own_credentials(cloud, os.environ).who}, and a package is not here: {install}"
            yield Check(cloud, ok=True, detail=told)


def reached_by(settings: Settings, reached: Iterable[Scope]) -> Iterator[Check]:
    """Which credentials are taken for each, as its settings say, or as they are to be seen here; no secret is told."""
    for scope in () if settings.sandbox else reached:
        account = settings.account_called(scope.account, scope.provider)
        told = registry.reached_by(account)
        if not account.credentials and (seen := registry.own_credentials(scope.provider, settings.environ).who):
            told = f"{seen}, as seen on this machine"
        yield Check(f"{_label(scope, reached)}, credentials", ok=True, detail=told)


def _label(scope: Scope, reached: Iterable[Scope]) -> str:
    """`cloud` for the only one, else what tells it from the others: its account's name, or its cloud's."""
    others = [one for one in reached if one != scope]
    if not any(one.provider == scope.provider for one in others):
        return "cloud" if next(iter(reached)) == scope else scope.provider
    return scope.account


def regions(settings: Settings, reached: Iterable[Scope]) -> Iterator[Check]:
    """Where a machine goes when nobody says where, as read on this machine, and who said so."""
    for scope in reached:
        region, zone = settings.region_of(scope.account, scope.provider), settings.usual_of(scope.provider).get("zone")
        label = _label(scope, reached)
        if region:
            told = f"{region}{_source(region)}{f', zone {zone_of(region)}' if zone_of(region) else ''}"
            told += f", {zone.value} ({zone.said})" if zone else ""
            told += ", where --availability-zone does not name another"
            yield Check("region" if label == "cloud" else f"{label}, region", ok=True, detail=told)


def _source(region: str) -> str:
    return f" ({said_by(region)})" if said_by(region) else ""


def checks(settings: Settings, reached: Mapping[Scope, Provider]) -> Iterator[Check]:
    """Every account at the same time; told in their order. With one account its name is left out."""
    works = {lane_of("doctor", scope): partial(_one, settings, scope, one) for scope, one in reached.items()}
    done = Threaded(patience=WITHIN).run(works)
    for lane, scope in zip(works, reached, strict=True):
        label = _label(scope, reached)
        if lane not in done:
            yield Check(label, ok=False, detail=f"no answer within {WITHIN:.0f} s", fix=_STUCK)
        for check in done.get(lane, ()):
            yield Check(f"{label}, {check.name}", check.ok, check.detail, check.fix)


def _one(settings: Settings, scope: Scope, provider: Provider) -> list[Check]:
    return [_needed(settings, scope, _same(settings, scope, provider, check)) for check in provider.checks(scope)]


def _needed(settings: Settings, scope: Scope, check: Check) -> Check:
    """What guards lack is a fault as soon as the deployment sets them, or a machine of the account has one that needs it."""
    if check.name not in (GUARD, GUARD_TERMINATES) or check.ok:
        return check
    if check.name == GUARD and settings.guard is not GuardKind.NONE:
        return check
    database = Database(settings.database_url)
    try:
        with database.begin() as connection:
            needed = guards.is_needed(connection, scope, to_terminate=check.name == GUARD_TERMINATES)
    except ImError:
        return check
    finally:
        database.dispose()
    told = f"{check.detail}; nothing that lives has {'such a guard' if check.name == GUARD_TERMINATES else 'a guard'}"
    return check if needed else Check(check.name, ok=True, detail=told)


def _same(settings: Settings, scope: Scope, provider: Provider, check: Check) -> Check:
    """The check of who we are also looks at who we were: a name that leads elsewhere now is a fault."""
    if check.name != "identity" or not check.ok:
        return check
    try:
        now, before = provider.identity(scope), _remembered(settings, scope)
    except (ProviderError, ImError):
        return check
    if before in (None, now):
        return check
    told = f"{check.detail}, but the machines of '{scope.account}' are in account {before}: none of them is believed or changed"
    fix = f"give '{scope.account}' its old credentials back, and declare {now} under a name of its own"
    return Check(check.name, ok=False, detail=told, fix=fix)


def _remembered(settings: Settings, scope: Scope) -> str | None:
    database = Database(settings.database_url)
    try:
        with database.begin() as connection:
            return scopes.account_of(connection, scope.provider, scope.account)
    finally:
        database.dispose()
