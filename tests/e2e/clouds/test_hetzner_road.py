"""Hetzner's whole road by typed commands against its stand-in; Hetzner's own client is asked what really happened."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hcloud import Client
from hcloud.servers.client import BoundServer

from im.domain.config.sandbox import sandbox_at, sandboxes
from im.providers import registry
from tests.e2e.conftest import StackUnderTest
from tests.waiting import until


@pytest.fixture
def hetzner(stack: StackUnderTest) -> Client:
    where = sandbox_at(sandboxes(stack.sandbox_url, "aws")["hetzner"])
    return Client(f"sandbox.{where.secret}", api_endpoint=f"{where.endpoint}/v1", timeout=5)


@pytest.fixture
def name(stack: StackUnderTest) -> Iterator[str]:
    yield "cloudy"
    stack.run("terminate", "cloudy", "-y", "--wait")


def server(hetzner: Client, name: str) -> BoundServer | None:
    return next((one for one in hetzner.servers.get_all() if str(one.name).startswith(name)), None)


def test_create_under_a_budget_stop_extend_terminate_and_nothing_is_left(
    stack: StackUnderTest, hetzner: Client, key: str, name: str
) -> None:
    order = ("create", "--provider", "hetzner", "--public-key", key, "--instance-type", "cpx22")
    assert stack.run("budget", "set", "1", "--everybody").returncode == 0
    try:
        dear = stack.run(*order, "-d", "1h", "--count", "400", "--on-expiry", "terminate")
        assert dear.returncode != 0
        assert "a worker is asked for the price" in dear.stderr
        assert "the budget of this deployment would be exceeded by" in dear.stderr
        assert stack.run("budget", "set", "100", "--everybody").returncode == 0
        (made,) = stack.said(
            *order, "-d", "10m", "--name", name, "--tag", "team=web", "--ssh-from", "203.0.113.99", "--wait"
        )
    finally:
        assert stack.run("budget", "remove", "--everybody").returncode == 0
    assert (made["status"], made["provider"], made["zone"]) == ("running", "hetzner", "fsn1")
    there = server(hetzner, name)
    assert there is not None
    assert (str(there.id), there.status) == (made["provider_id"], "running")
    assert str(there.name).endswith(made["id"].removeprefix("im-"))
    assert there.labels is not None
    assert there.labels["team"] == "web"
    (wall,) = [
        one for one in hetzner.firewalls.get_all() if "203.0.113.99/32" in str(one.rules and one.rules[0].source_ips)
    ]

    stopped = stack.run("stop", name, "--wait")
    assert stopped.returncode == 0, stopped.stderr
    assert made["public_ip"] in stack.run("list").stdout, "Hetzner leaves a stopped server its address"
    until("the server is off", lambda: (now := server(hetzner, name)) is not None and now.status == "off")

    (awake,) = stack.said("extend", name, "-d", "20m", "--wait")
    assert awake["status"] == "running"
    until("the server runs", lambda: (now := server(hetzner, name)) is not None and now.status == "running")

    (listed,) = [one for one in stack.said("list") if one["name"] == name]
    assert listed["public_ip"]
    assert "hetzner" in stack.run("cost", "--by", "provider").stdout
    assert [one for one in stack.said("orphans") if one["provider"] == "hetzner"] == []

    assert stack.run("terminate", name, "-y", "--wait").returncode == 0
    until("the server is gone", lambda: server(hetzner, name) is None)
    unused_firewalls_are_taken_away(stack, hetzner, str(wall.name))


def unused_firewalls_are_taken_away(stack: StackUnderTest, hetzner: Client, wall: str) -> None:
    def unused() -> set[str]:
        return {one["name"] for one in stack.said("gc", "--dry-run") if one["provider"] == "hetzner"}

    until("its firewall is unused", lambda: wall in unused())  # while others are served, nobody may have looked
    assert wall in {one.name for one in hetzner.firewalls.get_all()}, "a rehearsal takes nothing away"
    gone = {one["name"] for one in stack.said("gc", "-y") if one["provider"] == "hetzner"}
    assert wall in gone
    left = {one.name for one in (*hetzner.firewalls.get_all(), *hetzner.ssh_keys.get_all())}
    assert not left & gone
    assert "im-anchor" in left


@pytest.mark.long
def test_a_deadline_stops_it(stack: StackUnderTest, hetzner: Client, key: str, name: str) -> None:
    (made,) = stack.said("create", "--provider", "hetzner", "--public-key", key, "--name", name, "-d", "25s", "--ssh-from", "none",
        "--wait",
    )  # fmt: skip
    assert made["provider"] == "hetzner"
    until("its deadline stopped it", lambda: (now := server(hetzner, name)) is not None and now.status == "off")


def test_what_hetzner_has_not_is_refused_before_anything_is_written(stack: StackUnderTest, key: str) -> None:
    done = stack.run("create", "--provider", "hetzner", "--public-key", key, "--spot", "-d", "1h")
    assert done.returncode == 2
    assert "Hetzner has no spot machines" in done.stderr
    done = stack.run("create", "--provider", "hyperstack", "--public-key", key, "-d", "1h")
    assert "hyperstack is known but not available yet" in done.stderr
    assert f"Next: use --provider {' or '.join(registry.names())}" in done.stderr
