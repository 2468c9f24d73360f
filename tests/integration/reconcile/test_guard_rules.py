"""When a guard is due, and how one that has fired is known again: the rule, and the same in SQL."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from im.db import guards
from im.db.read import instances as read_instances
from im.domain.guard import Guard, GuardKind, farthest, fired, wanted
from im.domain.sighting import Sighting
from im.domain.state import Observed
from tests.integration.reconcile.test_guards import GRACE, HOUR, create
from tests.unit.rows import NOW, a_row
from tests.world import START, World


@pytest.mark.parametrize("ahead", [None, timedelta(days=30)])
def test_sql_and_the_rule_agree_on_what_is_wanted(world: World, ahead: timedelta | None) -> None:
    create(world, count=7)
    world.advance(15)
    for number, change in enumerate(
        (
            {"observed": "stopped"},
            {"observed": "stopping"},
            {"observed": "missing"},
            {"expires_at": START + timedelta(seconds=HOUR, microseconds=1)},
            {"expires_at": START + timedelta(seconds=HOUR, microseconds=999_999)},
            {"closed_at": START},
            {"expires_at": START + timedelta(days=100)},
        ),
        start=1,
    ):
        world.tamper(f"web-{number}", **change)
    with world.ctx.begin() as connection:
        rows = connection.execute(text("SELECT id, name FROM instances ORDER BY name")).all()
        query = "SELECT i.name FROM instances i JOIN guards g ON g.instance_id = i.id"
        assert len(connection.execute(text(query)).all()) == 7
        from sqlalchemy import literal, select

        from im.db.schema.core import instances
        from im.db.schema.work import guards as table

        connection.execute(text("UPDATE guards SET ahead = :most"), {"most": ahead.total_seconds() if ahead else None})
        found = connection.execute(
            select(instances.c.id, guards._wanted(literal(START), None)).join(
                table, table.c.instance_id == instances.c.id
            )
        )
        in_sql = {row.id: row[1] for row in found}
        by_rule = {
            row.id: wanted(row, timedelta(seconds=GRACE), None, farthest(START, ahead))
            for row in read_instances.read(connection, [row.id for row in rows])
        }
    assert in_sql == by_rule
    assert sum(at is None for at in by_rule.values()) == 3
    last = max(at for at in by_rule.values() if at is not None)
    assert last == (
        START + timedelta(days=100, seconds=GRACE) if ahead is None else START + timedelta(days=28, hours=12)
    )


MOMENT = NOW - timedelta(minutes=1)


GUARD = Guard("im-0000000001", GuardKind.NATIVE, timedelta(seconds=GRACE), MOMENT, None)


@pytest.mark.parametrize(
    ("stopped", "left", "guard", "ours"),
    [
        (MOMENT, 1, GUARD, True),
        (MOMENT + timedelta(minutes=10), 1, GUARD, True),
        (MOMENT - timedelta(minutes=5), 1, GUARD, False),  # somebody stopped it before
        (MOMENT + timedelta(minutes=20), 1, GUARD, False),  # … or long after
        (None, 1, GUARD, True),  # the cloud does not date it, and the guard was due just now
        (None, 1, replace(GUARD, told_at=NOW - timedelta(hours=1)), False),
        (MOMENT, -1, GUARD, False),  # its time is over anyway
        (MOMENT, 1, replace(GUARD, told_at=None, asked_at=MOMENT), True),  # asked without an answer: it may have fired
        (MOMENT, 1, replace(GUARD, told_at=NOW + timedelta(hours=1)), False),
    ],
)
def test_how_a_guard_that_fired_is_known_again(stopped: Any, left: int, guard: Guard, ours: bool) -> None:
    row = a_row(observed=Observed.RUNNING, provider_id="m", expires_at=NOW + timedelta(hours=left))
    seen = Sighting("m", Observed.STOPPED, changed_at=stopped)
    assert (fired(guard, row, seen, NOW) is not None) == ours


@given(st.timedeltas(timedelta(0), timedelta(days=2)), st.integers(0, 999_999))
def test_a_guard_is_never_before_its_grace_is_over(left: timedelta, micro: int) -> None:
    row = a_row(observed=Observed.RUNNING, provider_id="m", expires_at=NOW + left + timedelta(microseconds=micro))
    at = wanted(row, timedelta(seconds=GRACE))
    assert at is not None
    assert timedelta(0) <= at - row.expires_at - timedelta(seconds=GRACE) < timedelta(seconds=1)
    assert at.microsecond == 0
