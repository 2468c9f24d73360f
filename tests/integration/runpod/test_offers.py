"""RunPod among the offers of all clouds, and as the cheapest of any: what has room, at its own price, and what comes next."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from im.domain.state import OnExpiry
from tests.integration.typed import answer, run
from tests.worlds.runpod import RunPodWorld, runpod_world


@pytest.fixture
def world(database_url: str) -> Iterator[RunPodWorld]:
    """A pretended RunPod is the only cloud that is configured."""
    with runpod_world(database_url) as made:
        told = f"runpod={made.url.replace('://', '://sandbox:secret@')}"
        made.ctx = replace(made.ctx, settings=replace(made.ctx.settings, sandbox_url=told, region=""))
        yield made


def test_it_says_what_is_to_be_had_where_and_the_cheapest_first(world: RunPodWorld) -> None:
    told = answer(world, "offers", "--gpu", "h100")["items"]
    mine = [one for one in told if one["provider"] == "runpod"]
    assert [(one["instance_type"], one["room"], one["zones"]) for one in mine] == [
        ("h100-pcie-x1", True, ["US-KS-2"]),
        ("h100-sxm-x1", True, ["EU-SE-1", "US-TX-3"]),
    ]
    shown = run(world, "offers", "--gpu", "rtx4090:2", "--max-price", "2").stdout
    assert "rtx4090-x2" in shown
    assert "RunPod's price list of" in shown


def test_any_takes_it_and_moves_on_after_a_definite_refusal(world: RunPodWorld, key: str) -> None:
    world.account.lacking.add(("NVIDIA H100 PCIe", "US-KS-2"))
    order = (
        "create",
        "--provider",
        "any",
        "--gpu",
        "h100",
        "--max-price",
        "4",
        "--name",
        "web",
        "-d",
        "2h",
        "--no-wait",
    )
    done = run(world, *order, "--public-key", key)
    assert done.exit_code == 0, done.stderr
    world.advance(90)
    row = world.row()
    assert (world.word(), row.scope.provider, row.spec.instance_type) == ("running", "runpod", "h100-sxm-x1")
    assert row.on_expiry is OnExpiry.TERMINATE
    assert len(world.account.ever) == 1
