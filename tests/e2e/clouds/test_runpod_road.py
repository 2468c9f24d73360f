"""RunPod's road by typed commands against its stand-in, of which the cloud itself is asked what really happened."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from im.domain.config.sandbox import sandbox_at, sandboxes
from tests.e2e.conftest import StackUnderTest
from tests.e2e.test_cli_road import KEY
from tests.waiting import until


@pytest.fixture
def name(stack: StackUnderTest) -> Iterator[str]:
    yield "pod"
    stack.run("terminate", "pod", "-y", "--wait")


def pods(stack: StackUnderTest) -> dict[str, dict[str, Any]]:
    """As somebody else with a key of the account sees them."""
    sandbox = sandbox_at(sandboxes(stack.sandbox_url, "aws")["runpod"])
    headers = {"Authorization": f"Bearer sandbox.{sandbox.secret}"}
    with urllib.request.urlopen(urllib.request.Request(f"{sandbox.endpoint}/v2/pods", headers=headers)) as answer:
        return {one["id"]: one for one in json.load(answer)["pods"]}


@pytest.mark.long
def test_created_stopped_by_its_deadline_started_and_terminated(
    stack: StackUnderTest, name: str, tmp_path: Path
) -> None:
    key = tmp_path / "id.pub"
    key.write_text(KEY)
    order = ("create", "--provider", "runpod", "--public-key", str(key), "--name", name, "-d", "25s")
    told = stack.run(*order, "--dry-run").stdout
    assert "A stop empties this pod's disk except /workspace, and gives its GPUs to others" in told
    (made,) = stack.said(*order, "--tag", "team=web", "--wait")
    assert (made["status"], made["provider"], made["on_expiry"]) == ("running", "runpod", "stop")
    until("its port is known", lambda: stack.said("list", "--filter", f"name={name}")[0]["ssh_port"] is not None)
    seen = pods(stack)[made["provider_id"]]
    way = seen["ssh"]["direct"]
    assert stack.run("ssh", name, "--print").stdout == f"ssh -p {way['port']} root@{way['host']}\n"
    assert json.loads(seen["env"]["IM_TAGS"]) == {"team": "web"}
    # im is asked, and not the cloud, which answers sixty questions a minute to all who have the key
    until("im knows", lambda: stack.said("list", "--filter", f"name={name}")[0]["observed"] == "stopped")
    assert pods(stack)[made["provider_id"]]["status"] == "EXITED", "its deadline has stopped it"
    (again,) = stack.said("start", name, "-d", "1h", "--wait")
    assert again["provider_id"] == made["provider_id"]
    stack.run("terminate", name, "-y", "--wait")
    assert made["provider_id"] not in pods(stack)
