"""Azure's whole road by typed commands against its stand-in; Azure's own client is asked what really happened."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from azure.core.credentials import AccessToken
from azure.core.pipeline.policies import SansIOHTTPPolicy
from azure.mgmt.compute import ComputeManagementClient

from im.domain.config.sandbox import sandbox_at, sandboxes
from tests.e2e.conftest import StackUnderTest
from tests.waiting import until


class Bearer(SansIOHTTPPolicy[Any, Any]):
    def __init__(self, token: str) -> None:
        self._token = token

    def on_request(self, request: Any) -> None:
        request.http_request.headers["Authorization"] = f"Bearer {self._token}"


class Credential:
    def get_token(self, *scopes: str, **more: Any) -> AccessToken:
        return AccessToken("none", int(time.time()) + 3600)


@pytest.fixture
def azure(stack: StackUnderTest) -> Iterator[ComputeManagementClient]:
    where = sandbox_at(sandboxes(stack.sandbox_url, "aws")["azure"])
    token = f"sandbox.{where.secret}"
    asked = urllib.request.Request(
        f"{where.endpoint}/subscriptions?api-version=2022-12-01", headers={"Authorization": f"Bearer {token}"}
    )
    with urllib.request.urlopen(asked) as answer:
        number = json.load(answer)["value"][0]["subscriptionId"]
    how = {"base_url": where.endpoint, "authentication_policy": Bearer(token), "polling_interval": 0}
    with ComputeManagementClient(Credential(), number, **how) as client:
        yield client


@pytest.fixture
def name(stack: StackUnderTest) -> Iterator[str]:
    yield "azurely"
    stack.run("terminate", "azurely", "-y", "--wait")


def power(azure: ComputeManagementClient, made: dict[str, Any]) -> str:
    """Empty when it is gone. Of one machine Azure lets twelve looks a minute pass, of all many more."""
    called = made["provider_id"].rpartition("/")[2]
    for shown in azure.virtual_machines.list_all(status_only="true"):
        if shown.name == called:
            assert shown.instance_view
            assert shown.instance_view.statuses
            return str(shown.instance_view.statuses[-1].code)
    return ""


@pytest.mark.long
def test_create_stop_by_deadline_extend_stop_start_terminate_and_nothing_is_left(
    stack: StackUnderTest, azure: ComputeManagementClient, key: str, name: str
) -> None:
    (made,) = stack.said("create", "--provider", "azure", "--public-key", key, "--name", name, "-d", "30s", "--tag", "team=web",
        "--ssh-from", "203.0.113.7", "--wait",
    )  # fmt: skip
    assert (made["status"], made["provider"], made["zone"]) == ("running", "azure", "eastus")
    assert made["public_ip"]
    group, _, called = made["provider_id"].partition("/")
    there = azure.virtual_machines.get(group, called)
    assert there.tags
    assert (there.tags["team"], there.tags["im:instance"]) == ("web", made["id"])

    until("its deadline deallocated it", lambda: power(azure, made) == "PowerState/deallocated")
    (awake,) = stack.said("extend", name, "-d", "20m", "--wait")
    assert awake["status"] == "running"
    until("it runs", lambda: power(azure, made) == "PowerState/running")

    stopped = stack.run("stop", name, "--wait")
    assert stopped.returncode == 0, stopped.stderr
    assert power(azure, made) == "PowerState/deallocated"
    assert made["public_ip"] in stack.run("list").stdout, "a machine that is stopped keeps its address"
    assert "azure" in stack.run("cost", "--by", "provider").stdout
    assert [one for one in stack.said("orphans") if one["provider"] == "azure"] == []

    assert stack.run("terminate", name, "-y", "--wait").returncode == 0
    until("it is gone", lambda: not power(azure, made))
    assert list(azure.disks.list()) == [], "and so is all that it was made of"
    gone = {one["kind"] for one in stack.said("gc", "-y") if one["provider"] == "azure"}
    assert gone == {"network", "rules"}
    assert [one for one in stack.said("gc", "--dry-run") if one["provider"] == "azure"] == []


@pytest.mark.long
def test_what_azure_has_not_is_refused_before_anything_is_written(stack: StackUnderTest, key: str) -> None:
    order = ("create", "--provider", "azure", "--public-key", key, "-d", "1h")
    done = stack.run(*order, "--hibernate", "--spot")
    assert (done.returncode, "leave --hibernate out" in done.stderr) == (2, True), done.stderr
    told = stack.run(*order, "--guard", "native", "--on-expiry", "terminate", "--dry-run").stdout
    assert "it is only stopped then, not deleted, and its disks go on costing" in told
