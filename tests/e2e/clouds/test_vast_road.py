"""Vast's road by typed commands against its stand-in, of which the cloud itself is asked what really happened."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.clouds.there import There
from tests.e2e.conftest import StackUnderTest
from tests.waiting import until


@pytest.fixture
def name(stack: StackUnderTest) -> Iterator[str]:
    yield "rented"
    stack.run("terminate", "rented", "-y", "--wait")


@pytest.mark.long
def test_created_stopped_by_its_deadline_extended_and_ended(stack: StackUnderTest, key: str, name: str) -> None:
    there = There(
        stack, "vast", "/api/v0/instances/", "instances"
    )  # another call than ours, which has a second of its own
    order = ("create", "--provider", "vastai", "--gpu", "rtx4090", "--max-price", "0.36", "--public-key", key)
    told = stack.run(*order, "--name", name, "-d", "40s", "--dry-run").stdout
    assert [line.split()[:4] for line in told.splitlines() if line.startswith("offered")] == [
        ["offered", f"${usd}/h", "vast", "RTX_4090x1"] for usd in ("0.33", "0.35", "0.36")
    ]
    assert "which its host may let to somebody else" in told
    (made,) = stack.said(*order, "--name", name, "-d", "40s", "--wait")
    assert (made["status"], made["provider"], made["zone"]) == ("running", "vast", "NO")
    (seen,) = [one for one in there.instances() if one["label"].startswith(f"{name}-")]
    assert (str(seen["id"]), seen["actual_status"]) == (made["provider_id"], "running")
    line = stack.run("ssh", name, "--print").stdout.strip()
    assert line == f"ssh -p {made['ssh_port']} root@{made['ssh_host']}"
    assert (made["ssh_host"], str(made["ssh_port"])) == (seen["public_ipaddr"], seen["ports"]["22/tcp"][0]["HostPort"])
    assert made["lent_until"] is not None
    assert "takes it back at" in stack.run("extend", name, "-d", "100d").stderr

    until("its deadline", lambda: stack.said("list", "--filter", f"name={name}")[0]["observed"] == "stopped")
    (asleep,) = [one for one in there.instances() if str(one["id"]) == made["provider_id"]]
    assert (asleep["actual_status"], asleep["intended_status"]) == ("exited", "stopped")
    (stopped,) = stack.said("list", "--filter", f"name={name}")
    assert float(stopped["usd_per_hour"]) == pytest.approx(0.2 * 32 / 730, abs=1e-6), "its disk goes on costing"
    (awake,) = stack.said("extend", name, "-d", "5m", "--wait")
    assert (awake["status"], awake["provider_id"]) == ("running", made["provider_id"])
    stack.said("terminate", name, "-y", "--wait")
    assert [one for one in there.instances() if str(one["id"]) == made["provider_id"]] == []
    assert "vast" in stack.run("cost", "--by", "provider").stdout
