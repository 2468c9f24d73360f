"""Jobs that come with a tick: each at its own pace, in the order of the list."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest

from im.services import maintenance
from im.services.maintenance import WITH_EACH_TICK, Job, run_due

NOW = datetime(2030, 1, 1, tzinfo=UTC)
CTX = cast(Any, SimpleNamespace(begin=lambda: nullcontext("connection"), clock=lambda _: NOW))


def noting(done: list[str], name: str) -> Callable[[Any], None]:
    return lambda _: done.append(name)


def test_those_whose_time_has_come_run_in_the_order_of_the_list(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[dict[str, float]] = []

    def claim_each(_: object, every: dict[str, float], now: datetime) -> set[str]:
        asked.append(every)
        return set(every) - {"hourly"}

    monkeypatch.setattr(maintenance.ticks, "claim_each", claim_each)
    done: list[str] = []
    paces = {"hourly": 3600.0, "guards": WITH_EACH_TICK, "alarm": 60.0}
    run_due(CTX, [Job(name, every, noting(done, name)) for name, every in paces.items()])
    assert done == ["guards", "alarm"]
    assert asked == [{"hourly": 3600.0, "alarm": 60.0}]  # by one statement


def test_where_nothing_has_a_pace_of_its_own_the_database_is_not_asked() -> None:
    done: list[str] = []
    run_due(cast(Any, None), [Job("notices", WITH_EACH_TICK, noting(done, "notices"))])
    assert done == ["notices"]
