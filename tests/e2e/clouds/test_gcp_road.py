"""Google Cloud's whole road by typed commands against its stand-in; Google's own client is asked what really happened."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from google.api_core.client_options import ClientOptions
from google.cloud import compute_v1, tasks_v2
from google.cloud.tasks_v2.services.cloud_tasks.transports.rest import CloudTasksRestTransport
from google.oauth2.credentials import Credentials

from im.domain.config.sandbox import sandbox_at, sandboxes
from tests.e2e.conftest import StackUnderTest
from tests.waiting import until

PROJECT = "sandbox"


@pytest.fixture
def gcp(stack: StackUnderTest) -> dict[str, Any]:
    """How Google's clients reach the stand-in; they only look here, and so poll no operation."""
    where = sandbox_at(sandboxes(stack.sandbox_url, "aws")["gcp"])
    return {
        "credentials": Credentials(token=f"{PROJECT}.{where.secret}"),
        "client_options": ClientOptions(api_endpoint=where.endpoint),
    }


@pytest.fixture
def name(stack: StackUnderTest) -> Iterator[str]:
    yield "googly"
    stack.run("terminate", "googly", "-y", "--wait")


def machine(gcp: dict[str, Any], name: str) -> compute_v1.Instance | None:
    pages = compute_v1.InstancesClient(**gcp).aggregated_list(project=PROJECT)
    return next((one for _, part in pages for one in part.instances if one.name.startswith(name)), None)


def waiting(gcp: dict[str, Any]) -> list[str]:
    """Names of the tasks that would end machines."""
    host = gcp["client_options"].api_endpoint.removeprefix("http://")
    way = CloudTasksRestTransport(host=host, credentials=gcp["credentials"], url_scheme="http")
    queue = f"projects/{PROJECT}/locations/us-central1/queues/im-guard"
    return [one.name for one in tasks_v2.CloudTasksClient(transport=way).list_tasks(parent=queue)]


def is_now(gcp: dict[str, Any], name: str, status: str) -> bool:
    now = machine(gcp, name)
    return now is not None and now.status == status


@pytest.mark.long
def test_create_stop_by_deadline_extend_stop_start_terminate(
    stack: StackUnderTest, gcp: dict[str, Any], key: str, name: str
) -> None:
    (made,) = stack.said("create", "--provider", "gcp", "--public-key", key, "--name", name, "-d", "25s", "--tag", "team=web",
        "--ssh-from", "203.0.113.7", "--guard", "native", "--wait",
    )  # fmt: skip
    assert (made["status"], made["provider"], made["zone"]) == ("running", "gcp", "us-central1-a")
    there = machine(gcp, name)
    assert there is not None
    assert (str(there.id), there.status, there.labels["team"]) == (made["provider_id"], "RUNNING", "web")
    assert made["id"].removeprefix("im-") in there.name
    rules = {one.name: one for one in compute_v1.FirewallsClient(**gcp).list(project=PROJECT)}
    open_to = [
        list(one.source_ranges)
        for one in rules.values()
        if one.allowed and set(one.target_tags) & set(there.tags.items)
    ]
    assert open_to == [["203.0.113.7/32"]]

    until("its deadline stopped it", lambda: is_now(gcp, name, "TERMINATED"))
    (awake,) = stack.said("extend", name, "-d", "20m", "--wait")
    assert awake["status"] == "running"
    until("it runs", lambda: is_now(gcp, name, "RUNNING"))
    until("a task follows the extend", lambda: [str(there.id) in one for one in waiting(gcp)] == [True])
    assert stack.run("stop", name, "--wait").returncode == 0
    (stopped,) = [one for one in stack.said("list") if one["name"] == name]
    assert (stopped["status"], stopped["public_ip"]) == ("stopped", None)
    (started,) = stack.said("start", name, "-d", "20m", "--wait")
    assert started["status"] == "running"
    assert "gcp" in stack.run("cost", "--by", "provider").stdout
    assert [one for one in stack.said("orphans") if one["provider"] == "gcp"] == []

    assert stack.run("terminate", name, "-y", "--wait").returncode == 0
    until("the machine is gone", lambda: machine(gcp, name) is None)
    assert waiting(gcp) == []
    assert list(compute_v1.DisksClient(**gcp).list(project=PROJECT, zone="us-central1-a")) == []
    gone = {one["name"] for one in stack.said("gc", "-y") if one["provider"] == "gcp"}
    assert gone == set(rules)
    assert list(compute_v1.FirewallsClient(**gcp).list(project=PROJECT)) == []


@pytest.mark.long
def test_what_is_said_before_anything_is_made(stack: StackUnderTest, key: str) -> None:
    order = ("create", "--provider", "gcp", "--public-key", key, "-d", "1h")
    told = stack.run(*order, "--dry-run", "--spot", "--availability-zone", "europe-west1-b")
    assert told.returncode == 0, told.stderr
    assert "europe-west1-b" in told.stdout
    for words, expected in (
        (("--hibernate", "--instance-type", "g2-standard-4"), "Google does not suspend machines with a GPU"),
        (("--availability-zone", "us-central1"), "add the zone's letter, like us-central1-a"),
    ):
        done = stack.run(*order, *words)
        assert (done.returncode, expected in done.stderr) == (2, True), done.stderr


def test_doctor_asks_what_may_be_done_there(stack: StackUnderTest) -> None:
    told = stack.run("doctor", "--only", "cloud", "--json").stdout
    permissions = [
        one for one in json.loads(told)["checks"] if "gcp" in json.dumps(one) and "permissions" in json.dumps(one)
    ]
    assert permissions, told
