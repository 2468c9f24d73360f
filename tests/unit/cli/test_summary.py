"""Many instances in few words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from im.cli.output.summary import crowd, spans
from im.domain.instance import Instance
from im.domain.state import Observed
from tests.unit.cli.test_table import NOW, ROW


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (["web-1"], "web-1"),
        (["web-1", "web-2", "web-3"], "web-1 … web-3"),
        (["web-1", "web-2", "web-4", "db-5"], "web-1 … web-2, web-4, db-5"),
        (["calm-otter", "bold-lynx"], "calm-otter, bold-lynx"),
        ([f"x-{n}" for n in range(1, 21, 2)], "x-1, x-3, x-5, x-7, x-9, x-11, and 4 more"),
    ],
)
def test_names_that_count_up_are_a_range(names: list[str], told: str) -> None:
    assert spans(names) == told


def test_a_line_for_each_state_the_greatest_number_first() -> None:
    fine = [replace(ROW, id=f"im-{n}", name=f"web-{n}") for n in range(1, 19)]
    running, failed = crowd([_failed(19), *fine, _failed(20)], NOW)
    assert running.startswith("18 running: web-1 … web-18 · stop ")
    assert running.endswith(" (in 2h 14m)")
    assert failed == "2 failed: no capacity: web-19 … web-20"


def _failed(number: int) -> Instance:
    nothing = {"observed": Observed.NONE, "provider_id": None, "launch_token": None, "settled_generation": 0}
    refused = {"failed_generation": ROW.generation, "error_code": "no_capacity", "error": "none left"}
    return replace(ROW, id=f"im-{number}", name=f"web-{number}", **nothing, **refused)  # type: ignore[arg-type]
