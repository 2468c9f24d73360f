"""diagnose: everything that has to be there, asked one by one; each answer says how to mend what is broken.

No check stops another: with the database gone, the broker, the workers and the cloud are still asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from socket import gethostname
from typing import TYPE_CHECKING

from sqlalchemy import text

from im.broker import shown as broker_at
from im.db import deployment
from im.db.address import shown as database_at
from im.db.engine import Database
from im.db.read import health
from im.db.read.connection import database_clock, standby
from im.domain.config.sandbox import sandbox_at
from im.domain.errors import ImError, Refused
from im.domain.input.duration import format_duration
from im.domain.scope import Scope
from im.providers.contract import Check, Filter, Provider, merge_pages
from im.providers.errors import ProviderError
from im.queue.inspect import reach_broker
from im.services.health import doctor_cloud, doctor_fleet, doctor_money, doctor_webhooks
from im.services.health.alarms import standing
from im.settings import Settings

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from im.db.schema.migrate import Schema

MAX_SKEW = timedelta(seconds=5)
"""Clocks further apart than this make `in 59m` untrue; at a minute the deadlines themselves are held."""

_SERVER = "SELECT current_setting('server_version'), pg_is_in_recovery()"
_A_DATABASE = "im up, or set IM_DATABASE_URL to a Postgres that runs"
_REPORT = "that is a fault of im's own, or a right that its database user lacks; the other checks hold all the same"
_A_BROKER = "im up, or set IM_BROKER_URL to a Redis or Valkey that runs"


def schema(database_url: str) -> Schema:
    """Raises Unavailable when the database cannot be reached."""
    database = Database(database_url)
    try:
        return _read_schema(database)
    finally:
        database.dispose()


def _read_schema(database: Database) -> Schema:
    from im.db.schema import migrate

    with database.begin() as connection:
        return migrate.schema(connection)


def diagnose(settings: Settings, only: str | None = None) -> Iterator[Check]:
    """Every check, as soon as it is known, or one kind of them. Never raises for what it finds; Refused for no such kind."""
    database = Database(settings.database_url)
    kinds: dict[str, Callable[[], Iterable[Check]]] = {
        "database": lambda: [_check("database", lambda: _database(settings, database), _A_DATABASE)],
        "migrations": lambda: [_schema(database)],
        "broker": lambda: [_check("broker", lambda: _broker(settings), _A_BROKER)],
        "workers": lambda: [doctor_fleet.workers(settings)],
        "beat": lambda: _asked(database, doctor_fleet.beat, "beat"),
        "refresh": lambda: _asked(database, doctor_fleet.refresh, "refresh"),
        "deadlines": lambda: _holds(database),
        "copies": lambda: _asked(database, doctor_fleet.copies, "copies"),
        "starts": lambda: _asked(database, doctor_fleet.starts, "starts"),
        "money": lambda: _asked(database, doctor_money.checks, "overrun"),
        "notices": lambda: doctor_money.receivers(settings),
        "webhooks": lambda: _asked(database, doctor_webhooks.checks, "webhooks"),
        "drift": lambda: [Check("drift", ok=True, detail=settings.policies.sentence)],
        "orphans": lambda: _orphans(database),
        "cloud": lambda: _cloud(settings, database),
    }
    # asked for by name only: most machines have no worker of their own
    apart: dict[str, Callable[[], Iterable[Check]]] = {"here": lambda: [doctor_fleet.workers(settings, gethostname())]}
    if only is not None and only not in (*kinds, *apart):
        raise Refused(f"there is no check '{only[:40]}'", f"use one of {', '.join((*kinds, *apart))}")
    try:
        for kind, ask in (kinds if only is None else kinds | apart).items():
            if only in (None, kind):
                yield from _alone(kind, ask)
    finally:
        database.dispose()


def _alone(kind: str, ask: Callable[[], Iterable[Check]]) -> Iterator[Check]:
    """Whatever becomes of this kind of check, it is told of in a line, and the next kind is asked."""
    try:
        yield from ask()
    except ImError as exc:
        yield Check(kind, ok=False, detail=exc.message, fix=_not_us(exc.hint) or "mend what fails above first")
    except Exception as exc:
        yield Check(kind, ok=False, detail=f"could not be checked: {_reason(exc)}", fix=_REPORT)


def _not_us(hint: str) -> str:
    """`hint` without its way to doctor, who is being asked already."""
    return "; ".join(part for part in hint.split("; ") if "`im doctor`" not in part)


def _reason(exc: Exception) -> str:
    """A fault of the database in its own words, which name the cause; of any other only what kind it is."""
    said = getattr(getattr(getattr(exc, "orig", exc), "diag", None), "message_primary", None)
    return f"the database refuses: {said}" if said else type(exc).__name__


def _check(name: str, ask: Callable[[], str], fix: str) -> Check:
    try:
        return Check(name, ok=True, detail=ask())
    except ImError as exc:
        return Check(name, ok=False, detail=exc.message, fix=_not_us(exc.hint) or fix)
    except Exception as exc:  # a check that breaks is a finding, not the end of the others
        return Check(name, ok=False, detail=f"could not be checked: {_reason(exc)}", fix=fix)


def _database(settings: Settings, database: Database) -> str:
    with database.begin() as connection:
        version, follows = connection.execute(text(_SERVER)).one()
    if follows:
        raise standby(settings.database_url)
    return f"Postgres {version} at {database_at(settings.database_url)}"


def _schema(database: Database) -> Check:
    try:
        found = _read_schema(database)
    except Exception:
        return Check("migrations", ok=False, detail="not checked: no database", fix="mend the database first")
    return Check("migrations", ok=found.ok or found.shared, detail=found.sentence, fix=found.fix)


def _broker(settings: Settings) -> str:
    reach_broker(settings)
    return f"answers at {broker_at(settings.broker_url)}"


def _asked(database: Database, checks: Callable[[Connection, datetime], Iterator[Check]], name: str) -> Iterable[Check]:
    """What is read from the database; one line in its place when that cannot be read."""
    try:
        with database.begin() as connection:
            return list(checks(connection, database_clock(connection)))
    except ImError:
        return [_unseen(name)]


def _unseen(name: str) -> Check:
    return Check(name, ok=False, detail="not checked: no migrated database", fix="mend the database first")


def _holds(database: Database) -> Iterator[Check]:
    try:
        with database.begin() as connection:
            now = database_clock(connection)
            found, late = health.holds(connection, now), standing(connection, now)
    except ImError:
        yield _unseen("deadlines")
        return
    for hold in found:
        yield Check(f"held, {hold.kind}", ok=False, detail=f"{hold.reason} (by {hold.by})", fix=hold.fix)
    for alarm in late:
        if alarm.machines:
            blind = "mend what doctor says of that scope; the cloud's console shows what runs"
            fix = blind if alarm.blind else f"im why {alarm.machines[0].name}"
            yield Check("past deadline", ok=False, detail=alarm.sentence(now), fix=fix)
    if not found and not any(alarm.machines for alarm in late):
        yield Check("deadlines", ok=True, detail="enforced")


def _orphans(database: Database) -> Iterator[Check]:
    try:
        with database.begin() as connection:
            found, now = health.sight(connection).orphans, database_clock(connection)
    except ImError:
        yield _unseen("orphans")
        return
    if found.count:
        yield Check("orphans", ok=False, detail=found.sentence(now), fix="im orphans  lists them, for you to decide")
    else:
        yield Check("orphans", ok=True, detail="none: every machine of ours has its row")


def _cloud(settings: Settings, database: Database) -> Iterator[Check]:
    """Where `im create` would go, without a database too: what needs the deployment's id is not proven then."""
    reached: dict[Scope, Provider] = {}

    def connect() -> str:
        reached.update(doctor_cloud.accounts(settings, _identity(database)))
        if settings.sandbox:
            return f"sandbox at {sandbox_at(settings.sandbox_of(settings.provider)).endpoint}"
        return f"{settings.provider}, for real"

    yield _check("cloud", connect, "mend IM_PROVIDER, IM_ACCOUNTS or IM_REGION in the environment")
    if not reached:
        return
    yield from doctor_cloud.regions(settings, reached)
    yield from doctor_cloud.reached_by(settings, reached)
    yield from doctor_cloud.lacking(settings)
    found = list(doctor_cloud.checks(settings, reached))
    yield from found
    scope, provider = next(iter(reached.items()))
    yield _clocks(database, provider, scope)


def _identity(database: Database) -> str:
    try:
        with database.begin() as connection:
            return deployment.read_id(connection)
    except Exception:  # told by its own check
        return doctor_cloud.NOBODY


def _clocks(database: Database, provider: Provider, scope: Scope) -> Check:
    """This machine, the database and the cloud, each against this machine."""
    clocks: dict[str, datetime] = {}
    untold: list[str] = []
    before = datetime.now(UTC)
    try:
        with database.begin() as connection:
            clocks["the database"] = database_clock(connection)
    except Exception:
        untold.append("the database")
    between = datetime.now(UTC)
    try:
        date = merge_pages(provider.list(scope, Filter(token="im-doctor"))).date  # noqa: S106 - a launch token, no secret
    except ProviderError:
        date = None
    after = datetime.now(UTC)
    skews = {}
    if "the database" in clocks:
        skews["the database"] = clocks["the database"] - (before + (between - before) / 2)
    if date is not None:
        # the header has whole seconds: half of one is its middle
        skews["the cloud"] = date + timedelta(seconds=0.5) - (between + (after - between) / 2)
    else:
        untold.append("the cloud")
    return _judge(skews, untold)


def _judge(skews: Mapping[str, timedelta], untold: list[str]) -> Check:
    told = [f"{who} {_apart(skew)}" for who, skew in skews.items()] + [f"{who} did not tell" for who in untold]
    detail = "against this machine: " + ", ".join(told)
    wrong = [who for who, skew in skews.items() if abs(skew) > MAX_SKEW]
    if len(skews) == 2 and abs(skews["the database"] - skews["the cloud"]) > MAX_SKEW:
        fix = "set the database server's clock by NTP: it alone decides about deadlines"
        if "the cloud" in wrong and "the database" in wrong:
            fix = "set both clocks by NTP, the database server's first: it alone decides about deadlines"
        return Check("clocks", ok=False, detail=detail, fix=fix)
    if wrong:
        return Check("clocks", ok=False, detail=detail, fix="set this machine's clock by NTP; `--until` is read by it")
    return Check("clocks", ok=bool(skews), detail=detail, fix="" if skews else "mend the database and the cloud first")


def _apart(skew: timedelta) -> str:
    seconds = skew.total_seconds()
    if abs(seconds) < 1:
        return "agrees"
    return f"is {format_duration(abs(skew))} {'ahead' if seconds > 0 else 'behind'}"
