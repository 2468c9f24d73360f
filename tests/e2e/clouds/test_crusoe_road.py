"""Crusoe's road by typed commands against its stand-in, of which somebody else with a key asks what really happened."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from im.domain.config.sandbox import sandbox_at, sandboxes
from tests.e2e.conftest import StackUnderTest
from tests.waiting import until


@pytest.fixture
def name(stack: StackUnderTest) -> Iterator[str]:
    yield "robinson"
    stack.run("terminate", "robinson", "-y", "--wait")


class There:
    """The cloud, asked by requests that are signed here by hand."""

    def __init__(self, stack: StackUnderTest) -> None:
        self._sandbox = sandbox_at(sandboxes(stack.sandbox_url, "aws")["crusoe"])
        self._project = self._ask("/v1/organizations/projects")["items"][0]["id"]

    def machines(self, name: str) -> dict[str, str]:
        """Id → state of those that are called so."""
        shown = self._ask(f"/v1/projects/{self._project}/compute/vms/instances")["items"]
        return {one["id"]: one["state"] for one in shown if one["name"].startswith(f"{name}-")}

    def _ask(self, path: str) -> Any:
        at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        made = hmac.digest(self._sandbox.secret.encode(), f"{path}\n\nGET\n{at}\n".encode(), hashlib.sha256)
        signed = f"Bearer 1.0:sandbox:{base64.urlsafe_b64encode(made).decode().rstrip('=')}"
        headers = {"Authorization": signed, "X-Crusoe-Timestamp": at}
        with urllib.request.urlopen(urllib.request.Request(f"{self._sandbox.endpoint}{path}", headers=headers)) as told:
            return json.load(told)


@pytest.mark.long
def test_created_stopped_by_its_deadline_extended_stopped_and_terminated(
    stack: StackUnderTest, key: str, name: str
) -> None:
    there = There(stack)
    order = ("create", "--provider", "crusoe", "--public-key", key, "--name", name, "-d", "20s")
    told = stack.run(*order, "--dry-run").stdout
    assert "computing $0.08" in told
    assert "loses what lies on the local NVMe" in told.replace("\n", " ")
    (made,) = stack.said(*order, "--tag", "team=web", "--wait")
    assert (made["status"], made["provider"], made["zone"]) == ("running", "crusoe", "us-east1-a")
    machine = made["provider_id"]
    until("its deadline has stopped it", lambda: there.machines(name) == {machine: "STATE_STOPPED"})
    (later,) = stack.said("extend", name, "-d", "2h", "--wait")
    assert (later["status"], later["tags"]) == ("running", {"team": "web"})
    assert there.machines(name) == {machine: "STATE_RUNNING"}
    (stopped,) = stack.said("stop", name, "--wait")
    assert (stopped["status"], there.machines(name)) == ("stopped", {machine: "STATE_STOPPED"})
    assert "crusoe" in stack.run("cost", "--by", "provider").stdout
    assert [one for one in stack.said("orphans") if one["provider"] == "crusoe"] == []
    assert stack.run("terminate", name, "-y", "--wait").returncode == 0
    assert there.machines(name) == {}
