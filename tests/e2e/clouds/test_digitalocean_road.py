"""DigitalOcean's whole road by typed commands against its stand-in; DigitalOcean's own client is asked what really happened."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pydo import Client

from im.domain.config.sandbox import sandbox_at, sandboxes
from tests.e2e.conftest import StackUnderTest
from tests.waiting import until


@pytest.fixture
def there(stack: StackUnderTest) -> Client:
    where = sandbox_at(sandboxes(stack.sandbox_url, "aws")["digitalocean"])
    return Client(f"sandbox.{where.secret}", endpoint=where.endpoint, retry_total=0)


@pytest.fixture
def name(stack: StackUnderTest) -> Iterator[str]:
    yield "ocean"
    stack.run("terminate", "ocean", "-y", "--wait")


def droplet(there: Client, name: str) -> dict[str, Any]:
    """What the cloud shows of it now; empty when it is gone."""
    shown = there.droplets.list(per_page=200, enforce_https=False)["droplets"]
    return next((dict(one) for one in shown if str(one["name"]).startswith(f"{name}-")), {})


@pytest.mark.long
def test_create_stopped_by_its_deadline_extended_stopped_started_terminated(
    stack: StackUnderTest, there: Client, key: str, name: str
) -> None:
    order = ("create", "--provider", "digitalocean", "--public-key", key, "--name", name, "-d", "25s")
    told = stack.run(*order, "--dry-run").stdout
    assert "$0.0089/h (computing $0.0089), $0.01 until then; built-in table of 2022-07-01" in told
    assert "it goes on costing $0.0089/h. --on-expiry terminate  ends that" in told
    (made,) = stack.said(*order, "--tag", "team=web", "--ssh-from", "203.0.113.7", "--wait")
    assert (made["status"], made["provider"], made["zone"]) == ("running", "digitalocean", "nyc3")
    seen = droplet(there, name)
    assert (str(seen["id"]), seen["status"]) == (made["provider_id"], "active")
    assert seen["name"] == f"{name}-{made['id'].removeprefix('im-')}"
    assert "team:web" in seen["tags"]
    until("its deadline stopped it", lambda: droplet(there, name)["status"] == "off")

    (awake,) = stack.said("extend", name, "-d", "20m", "--wait")
    assert awake["status"] == "running"
    assert droplet(there, name)["status"] == "active"
    for verb, status in (("stop", "off"), ("start", "active")):
        done = stack.run(verb, name, "--wait")
        assert done.returncode == 0, done.stderr
        assert droplet(there, name)["status"] == status
    assert made["public_ip"] in stack.run("list").stdout
    assert "digitalocean" in stack.run("cost", "--by", "provider").stdout
    assert "digitalocean, identity" in stack.run("doctor", "--only", "cloud").stdout
    assert [one for one in stack.said("orphans") if one["provider"] == "digitalocean"] == []

    assert stack.run("terminate", name, "-y", "--wait").returncode == 0
    until("the droplet is gone", lambda: droplet(there, name) == {})
    gone: set[str] = set()

    def taken_away() -> bool:
        """Where the minute's calls are spent, nothing is seen until the next."""
        gone.update(one["kind"] for one in stack.said("gc", "-y") if one["provider"] == "digitalocean")
        return gone == {"SSH key", "firewall"}

    until("what it was made with is taken away", taken_away)
    assert there.firewalls.list(enforce_https=False)["firewalls"] == []
    assert there.ssh_keys.list(enforce_https=False)["ssh_keys"] == []
