"""Lambda's road by typed commands against its stand-in, of which the cloud itself is asked what really happened."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.clouds.there import There
from tests.e2e.conftest import StackUnderTest
from tests.waiting import until


@pytest.fixture
def name(stack: StackUnderTest) -> Iterator[str]:
    yield "lamb"
    stack.run("terminate", "lamb", "-y", "--wait")


@pytest.mark.long
def test_created_extended_and_terminated_by_its_deadline(stack: StackUnderTest, key: str, name: str) -> None:
    there = There(stack, "lambda", "/api/v1/instances", "data")
    order = ("create", "--provider", "lambdalabs", "--public-key", key, "--name", name, "-d", "40s")
    told = stack.run(*order, "--dry-run").stdout
    assert "$1.29/h (computing $1.29), $0.0215 until then; built-in table of 2026-09-20" in told
    assert "Lambda cannot stop a machine: its deadline terminates it, and its disk is lost." in told
    (made,) = stack.said(*order, "--tag", "team=web", "--ssh-from", "203.0.113.7", "--wait")
    assert (made["status"], made["provider"], made["zone"]) == ("running", "lambda", "us-east-1")
    (seen,) = [one for one in there.instances() if one["name"].startswith(f"{name}.")]
    assert (seen["id"], seen["status"]) == (made["provider_id"], "active")
    assert {"key": "team", "value": "web"} in seen["tags"]
    refused = stack.run("stop", name)
    assert (refused.returncode, "cannot stop a machine" in refused.stderr) == (2, True)
    (later,) = stack.said("extend", name, "-d", "20s", "--wait")
    assert later["expires_at"] > made["expires_at"]
    assert made["public_ip"] in stack.run("list").stdout
    assert [one for one in stack.said("orphans") if one["provider"] == "lambda"] == []

    # im is asked first: the cloud answers one question a second, and im's own would have to wait for ours
    until("im knows", lambda: stack.said("list", "--all", "--filter", f"name={name}")[0]["observed"] == "terminated")
    left = [one["status"] for one in there.instances() if one["id"] == seen["id"]]
    assert set(left) <= {"terminating", "terminated"}, "its deadline ended it"
    gone = stack.run("extend", name, "-d", "1h")
    assert f"{name} is gone and cannot be extended. Next: im create --name {name} --provider lambda" in gone.stderr
    assert "lambda" in stack.run("cost", "--by", "provider").stdout
    taken: set[str] = set()

    def taken_away() -> bool:
        taken.update(one["kind"] for one in stack.said("gc", "-y") if one["provider"] == "lambda")
        return taken == {"SSH key", "firewall ruleset"}

    until("what it was made with is taken away", taken_away)
