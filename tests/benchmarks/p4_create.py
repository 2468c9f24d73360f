"""P4: `create --count 1000` from the request to every machine launched, against plain boto3 asking for as many."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from typing import Any

from im.context import Context
from im.domain.intent import Deadline
from im.providers.request import Ask
from im.services import queries
from im.services.reconcile.launches import drive_launches
from im.services.refresh.scope import refresh_scope
from im.services.requests import create, order
from im.services.scope_run import ScopeRun
from tests.benchmarks.place import REGION, SCOPE, Place, place
from tests.benchmarks.row import Row, of_runs
from tests.benchmarks.spent import Spent, spent
from tests.people import person
from tests.providers.clouds import public_key

COUNT, EACH, AT_ONCE = 1000, 100, 500
YOUNG = 60
"""Machines that are there before: what Postgres knows of a young fleet is out of date once the first thousand have come."""
LOOKS = 2
"""Calls that a launch may need besides: what is asked once and kept."""
KIND = "t3.micro"


def measure(runs: int) -> Iterator[Row]:
    with place() as here:
        ours: list[Spent] = []
        many: list[Spent] = []
        single: list[Spent] = []
        calls: list[int] = []
        here.fleet(YOUNG)
        ctx, plain = here.context(), here.ec2()
        _create(ctx, here, "warm", 2)  # the worker knows the image, the key and the group by now, as it does all day
        for run in range(runs):
            shape = _shape(here)
            many.append(spent(partial(_loop, plain, shape, AT_ONCE, COUNT // AT_ONCE))[0])
            single.append(spent(partial(_loop, plain, shape, 1, EACH))[0])
            seen = len(here.control.calls())
            cost, ids = spent(partial(_create, ctx, here, f"run{run}", COUNT))
            assert all(row.provider_id for row in queries.by_ids(ctx, ids).rows)
            ours.append(cost)
            calls.append(len(here.control.calls()) - seen)
        named = _named(ctx, here)
        ctx.dispose()
    work = f"create --count {COUNT:,}"
    budget = LOOKS + COUNT // AT_ONCE
    yield of_runs("P4", work, "calls", calls, [budget] * runs, "2 + rows/500", 1.0)
    yield of_runs("P4", work, "cpu", [s.cpu for s in ours], [s.cpu for s in many], "RunInstances of 500, twice", 1.3)
    yield of_runs("P4", work, "wall", [s.wall for s in ours], [s.wall for s in many], "RunInstances of 500, twice", 1.3)
    scale = COUNT / EACH
    one_each = f"RunInstances of one, {COUNT:,} times"
    yield of_runs("P4", work, "wall", [s.wall for s in ours], [s.wall * scale for s in single], one_each, None)
    each = "one for each machine, since names differ"
    yield of_runs("P4", "names on all of them, 10 s ticks", "calls", [named], [COUNT * runs], each, None)


def _create(ctx: Context, here: Place, name: str, count: int) -> list[str]:
    """The command, and the worker that it rings for; the ids."""
    ask = Ask(instance_type=KIND, zone=f"{REGION}a", public_key=public_key(), owner="bench", ssh_from=("192.0.2.1/32",))
    deadline = Deadline(by=timedelta(hours=1))
    answer = create.create(ctx, order.Order("aws", "default", ask, name, count, deadline, person("bench")))
    drive_launches(ScopeRun(ctx, ctx.provider_for(SCOPE), SCOPE, here.number(ctx)))
    return [change.after.id for change in answer.changes]


def _shape(here: Place) -> dict[str, Any]:
    """What our own launch asked for, without its token."""
    asked = here.control.calls("RunInstances")[-1]["asked"]
    return {key: value for key, value in asked.items() if key not in ("ClientToken", "MinCount", "MaxCount")}


def _loop(plain: Any, shape: dict[str, Any], count: int, times: int) -> None:
    for _ in range(times):
        made = plain.run_instances(**shape, MinCount=count, MaxCount=count)
        assert len(made["Instances"]) == count


def _named(ctx: Context, here: Place) -> int:
    """CreateTags calls until every machine of the last runs has its name."""
    seen = len(here.control.calls("CreateTags"))
    for _ in range(200):
        here.clock.tick()
        before = len(here.control.calls("CreateTags"))
        refresh_scope(ctx, here.number(ctx))
        if len(here.control.calls("CreateTags")) == before:
            break
    return len(here.control.calls("CreateTags")) - seen
