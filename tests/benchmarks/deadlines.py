"""Deadlines for a fleet that stands, and what the cloud says of when each machine was told to stop."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import text

from tests.benchmarks.fleet import wait_for
from tests.benchmarks.place import Place

AHEAD = 35.0
"""Seconds before the first deadline: longer than a tick of enforcement, so that each is seen coming, as in life."""


def set_deadlines(here: Place, machines: list[str], spread: float) -> dict[str, float]:
    """Deadlines of these machines, evenly over `spread` seconds from AHEAD on; machine → its deadline, seconds since the epoch."""
    ctx = here.context()
    with ctx.begin() as connection:
        now: datetime = here.clock(connection)
        first = now + timedelta(seconds=AHEAD)
        gap = spread / len(machines)
        connection.execute(
            text(
                "UPDATE instances SET expires_at = :first + make_interval(secs => (n - 1) * :gap)"
                " FROM unnest(CAST(:machines AS text[])) WITH ORDINALITY AS due(machine, n) WHERE provider_id = machine"
            ),
            {"first": first, "gap": gap, "machines": machines},
        )
        rows = connection.execute(
            text("SELECT provider_id, expires_at FROM instances WHERE provider_id = ANY(:machines)"),
            {"machines": machines},
        ).all()
    ctx.dispose()
    return {machine: at.timestamp() for machine, at in rows}


def wait_until_stopped(here: Place, count: int, since: int, seconds: float) -> None:
    """Until the cloud has been told to stop so many machines."""
    # asked seldom: the answer is long, and the asking must not be what the machine is busy with
    wait_for(lambda: len(first_stops(here, since)) >= count, seconds, "the last stop", every=1.0)


def first_stops(here: Place, since: int) -> dict[str, float]:
    """Machine → when the first StopInstances that was not refused named it, by the cloud's own log."""
    told: dict[str, float] = {}
    for call in here.control.calls("StopInstances", since=since):
        if call["outcome"] == "done":
            for machine in call["asked"]["InstanceIds"]:
                told.setdefault(machine, call["at"])
    return told


def refused(here: Place, since: int) -> int:
    """Stop calls that the cloud would not take."""
    return sum(call["outcome"] != "done" for call in here.control.calls("StopInstances", since=since))


def failed_rows(here: Place) -> int:
    ctx = here.context()
    with ctx.begin() as connection:
        failed = connection.execute(text("SELECT count(*) FROM instances WHERE failed_generation > 0")).scalar_one()
    ctx.dispose()
    return int(failed)
