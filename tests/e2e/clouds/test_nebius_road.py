"""Nebius' road by typed commands against its stand-in, of which the cloud itself is asked what really happened, by gRPC."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from im.domain.config.sandbox import sandbox_at, sandboxes
from im.providers.nebius.api import NebiusApi
from im.providers.nebius.credentials import Sandbox
from tests.e2e.conftest import StackUnderTest
from tests.waiting import until


@pytest.fixture
def name(stack: StackUnderTest) -> Iterator[str]:
    yield "neb"
    stack.run("terminate", "neb", "-y", "--wait")


def there(stack: StackUnderTest) -> dict[str, str]:
    """Name → state, as the cloud has it."""
    sandbox = sandbox_at(sandboxes(stack.sandbox_url, "aws")["nebius"])
    api = NebiusApi(Sandbox(f"sandbox.{sandbox.secret}"), sandbox.endpoint.partition("://")[2])
    words = ("compute.v1.InstanceService/List", "ListInstancesRequest", "ListInstancesResponse")
    found = api.items(*words, parent_id="project-e00sandbox")
    return {one.metadata.labels["im-name"]: one.status.state.name for one in found}


@pytest.mark.long
def test_created_stopped_by_its_deadline_extended_and_terminated(stack: StackUnderTest, key: str, name: str) -> None:
    order = ("create", "--provider", "nebius", "--public-key", key, "--name", name, "-d", "15s")
    assert "computing $0.0992" in stack.run(*order, "--dry-run").stdout
    (made,) = stack.said(*order, "--tag", "team=web", "--ssh-from", "203.0.113.7", "--wait")
    assert (made["status"], made["provider"], made["zone"]) == ("running", "nebius", "eu-north1")
    assert made["public_ip"]
    until("its deadline stops it", lambda: there(stack).get(name) == "STOPPED")
    (again,) = stack.said("extend", name, "-d", "1h", "--wait")
    assert (again["status"], there(stack)[name]) == ("running", "RUNNING")
    assert [one for one in stack.said("orphans") if one["provider"] == "nebius"] == []
    (gone,) = stack.said("terminate", name, "-y", "--wait")
    assert gone["observed"] == "terminated"
    assert name not in there(stack)
    until("its security group goes", lambda: [one["kind"] for one in stack.said("gc", "-y")] == ["security group"])
