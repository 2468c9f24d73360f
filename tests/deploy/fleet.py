"""The composed fleet, for real: images built from this folder, two workers, a life followed at the sandbox cloud, a worker killed.

Needs a container engine, so a plain `pytest` does not collect it: `pytest tests/deploy/page.py tests/deploy/fleet.py`.
"""

from __future__ import annotations

import base64
import json
import time
import urllib.error
import urllib.request
from datetime import UTC, datetime

import pytest

from tests.deploy.compose import Fleet, until

OURS = ("worker", "deadlines", "beat", "flower", "migrate")
EVERY = (*OURS, "postgres", "valkey", "sandbox")
ONE_TICK = 30
"""Seconds: what a busy machine may need. A healthy fleet needs one, and its history shows it."""
CHECKED = ("postgres", "valkey", "worker", "deadlines", "beat", "flower", "sandbox")


def create(fleet: Fleet, *words: str) -> None:
    """As docs/fleet.md says: the key is mounted, the rest is typed as anywhere."""
    fleet.im("create", "--public-key", "/key.pub", *words, mount=[f"{fleet.folder / 'key.pub'}:/key.pub:ro"])


def expires_at(fleet: Fleet, name: str) -> datetime:
    return datetime.fromisoformat(fleet.rows()[name]["expires_at"])


def states(fleet: Fleet, name: str) -> list[str]:
    return fleet.machines().get(name, [])


def herd(fleet: Fleet) -> dict[str, list[str]]:
    return {name: seen for name, seen in fleet.machines().items() if name.startswith("herd-")}


def test_every_service_becomes_healthy(fleet: Fleet) -> None:
    def healthy() -> bool:
        found = {s: [c["State"].get("Health", {}).get("Status") for c in fleet.containers(s)] for s in CHECKED}
        return all(of and set(of) == {"healthy"} for of in found.values())

    until("every service with a health check is healthy", healthy)
    assert len(fleet.containers("worker")) == 2
    assert [c["State"]["Running"] for c in fleet.containers("beat")] == [True]
    assert [(c["State"]["Status"], c["State"]["ExitCode"]) for c in fleet.containers("migrate")] == [("exited", 0)]


def test_our_containers_have_no_privileges(fleet: Fleet) -> None:
    for container in (c for service in OURS for c in fleet.containers(service)):
        assert container["Config"]["User"] == "10001:10001"
        assert container["HostConfig"]["ReadonlyRootfs"]
        assert container["HostConfig"]["CapDrop"] == ["ALL"]
        assert container["HostConfig"]["LogConfig"]["Config"] == {"max-size": "10m", "max-file": "5"}


def test_only_flower_can_be_reached_and_only_from_this_machine(fleet: Fleet) -> None:
    published = {
        (port, where["HostIp"])
        for container in fleet.containers()
        for port, bound in container["NetworkSettings"]["Ports"].items()
        for where in bound or []
    }
    assert published == {("5555/tcp", "127.0.0.1")}


def flower(fleet: Fleet, path: str, password: str | None, method: str = "GET") -> tuple[int, str]:
    """Status and body of what Flower answers."""
    asked = urllib.request.Request(f"http://127.0.0.1:{fleet.flower_port}{path}", method=method)
    if password is not None:
        asked.add_header("Authorization", "Basic " + base64.b64encode(f"im:{password}".encode()).decode())
    try:
        with urllib.request.urlopen(asked, timeout=20) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refusal:
        with refusal:
            return refusal.code, refusal.read().decode()


def test_flower_answers_with_the_password_and_shows_every_worker(fleet: Fleet) -> None:
    password = fleet.passwords["IM_FLOWER_PASSWORD"]

    def roles() -> list[str]:
        status, body = flower(fleet, "/api/workers?refresh=1", password)
        assert status == 200
        return sorted(name.partition("-")[0] for name in json.loads(body))

    until("Flower knows all three", lambda: roles() == ["deadlines", "worker", "worker"])


@pytest.mark.parametrize("password", [None, "", "wrong"])
def test_flower_refuses_without_the_password(fleet: Fleet, password: str | None) -> None:
    assert flower(fleet, "/api/workers", password)[0] == 401
    assert flower(fleet, "/", password)[0] == 401
    assert flower(fleet, "/metrics", password)[0] == 401


def test_flower_only_looks(fleet: Fleet) -> None:
    password = fleet.passwords["IM_FLOWER_PASSWORD"]
    name = next(iter(json.loads(flower(fleet, "/api/workers?refresh=1", password)[1])))
    assert flower(fleet, f"/api/worker/shutdown/{name}", password, "POST")[0] == 403
    assert flower(fleet, "/api/task/send-task/im.stop", password, "POST")[0] == 403


def test_the_broker_refuses_without_the_password(fleet: Fleet) -> None:
    asked = fleet.compose("exec", "-T", "-e", "REDISCLI_AUTH=", "valkey", "valkey-cli", "ping", check=False)
    assert "NOAUTH" in asked.stdout


def test_doctor_finds_nothing_to_mend_from_inside_a_worker(fleet: Fleet) -> None:
    checks = fleet.compose("exec", "-T", "worker", "im", "doctor").stdout
    assert "3 alive" in checks
    assert "answers for us-east-1" in checks


def health(fleet: Fleet, service: str) -> set[str]:
    return {c["State"].get("Health", {}).get("Status") for c in fleet.containers(service)}


def test_a_beat_that_lives_and_rings_nobody_becomes_unhealthy(fleet: Fleet) -> None:
    (container,) = fleet.containers("beat")
    fleet.freeze(container)
    until("beat is unhealthy", lambda: health(fleet, "beat") == {"unhealthy"}, 400)
    assert health(fleet, "worker") == {"healthy"}
    fleet.thaw(container)
    until("beat is healthy again", lambda: health(fleet, "beat") == {"healthy"})


def test_a_machine_lives_stops_wakes_and_ends(fleet: Fleet) -> None:
    """Each stage is read at the cloud itself."""
    create(fleet, "--name", "web-1", "-d", "45s", "--wait")
    assert states(fleet, "web-1") == ["running"]

    deadline = expires_at(fleet, "web-1")
    until("web-1 is stopped by its deadline", lambda: states(fleet, "web-1") == ["stopped"])
    late = (datetime.now(UTC) - deadline).total_seconds()
    assert 0 <= late < ONE_TICK
    until("the row says so", lambda: fleet.rows()["web-1"]["status"] == "stopped (ttl)")

    fleet.im("extend", "web-1", "-d", "1h", "--wait")
    assert states(fleet, "web-1") == ["running"]
    assert expires_at(fleet, "web-1") > deadline

    fleet.im("stop", "web-1", "--wait")
    assert states(fleet, "web-1") == ["stopped"]

    fleet.im("terminate", "web-1", "-y", "--wait")
    assert states(fleet, "web-1") == ["terminated"]


def test_a_worker_killed_in_the_middle_of_a_launch_costs_no_machine_and_doubles_none(fleet: Fleet) -> None:
    """The cloud is frozen while the only worker calls it, so that the kill falls between the call and its reply."""
    fleet.compose("up", "--detach", "--no-recreate", "--scale", "worker=1")
    (only,) = fleet.containers("worker")
    fleet.compose("pause", "sandbox")
    create(fleet, "--name", "herd", "--count", "12", "-d", "30m", "--no-wait")
    until(
        "the launch is under way",
        lambda: fleet.sql("SELECT state FROM launches WHERE 'herd-1' = ANY (names)") == "called",
    )
    fleet.kill(only)
    fleet.compose("unpause", "sandbox")

    fleet.compose("up", "--detach", "--no-recreate", "--scale", "worker=4")
    until("four workers run", lambda: [c["State"]["Running"] for c in fleet.containers("worker")] == [True] * 4)
    every = {f"herd-{n}": "running" for n in range(1, 13)}
    until("the others finish it", lambda: {n: r["status"] for n, r in fleet.rows().items() if n in every} == every, 240)
    assert herd(fleet) == {name: ["running"] for name in every}

    fleet.im("terminate", *every, "-y", "--no-wait")
    until("the herd is gone", lambda: herd(fleet) == {name: ["terminated"] for name in every})


def test_the_broker_may_be_wiped_in_the_middle(fleet: Fleet) -> None:
    fleet.compose("stop", "worker", "deadlines")
    create(fleet, "--name", "forgotten", "-d", "10m", "--no-wait")
    fleet.compose("restart", "valkey")
    assert states(fleet, "forgotten") == []
    fleet.compose("start", "worker", "deadlines")
    until("forgotten runs all the same", lambda: states(fleet, "forgotten") == ["running"])


def test_workers_leave_when_asked(fleet: Fleet) -> None:
    began = time.monotonic()
    fleet.compose("stop", "worker", "deadlines")
    assert time.monotonic() - began < 40, "killed at the end of the grace period"
    assert {c["State"]["ExitCode"] for s in ("worker", "deadlines") for c in fleet.containers(s)} == {0}


def test_everybody_leaves_when_asked(fleet: Fleet) -> None:
    """Nobody waits to be killed, Postgres has written what it had, and after that the fleet is there again."""
    fleet.compose("stop")
    assert {(s, c["State"]["ExitCode"]) for s in EVERY for c in fleet.containers(s)} == {(s, 0) for s in EVERY}
    ended = {s: [c["State"]["FinishedAt"][:19] for c in fleet.containers(s)] for s in EVERY}
    for last in ("postgres", "valkey"):
        assert min(ended[last]) >= max(ended["worker"] + ended["deadlines"] + ended["beat"]), (
            "what they did last is written down"
        )
    # by `up`, which waits for the database; `start` would let all begin at once
    fleet.compose("up", "--detach", "--no-recreate")
    until("beat is healthy again", lambda: health(fleet, "beat") == {"healthy"})


def test_a_dump_restored_inside_holds_deadlines_until_somebody_has_looked(fleet: Fleet) -> None:
    """As docs/restore.md types it; the next command gives the tables back to their owner."""
    within = ("exec", "-T", "postgres")
    fleet.compose(*within, "pg_dump", "-U", "im", "-Fc", "-f", "/tmp/im.dump", "im")  # the container's
    fleet.compose(
        *within, "psql", "-U", "im", "-d", "im", "-c", "DROP SCHEMA public CASCADE", "-c", "CREATE SCHEMA public"
    )
    words = ("--single-transaction", "--no-owner", "/tmp/im.dump")
    fleet.compose(*within, "pg_restore", "-U", "im", "-d", "im", *words)
    told = fleet.im("doctor", "--only", "deadlines", check=False)
    assert "held, restored" in told.stdout
    assert fleet.sql("SELECT tableowner FROM pg_tables WHERE tablename = 'instances'") == "im_migrate"
    fleet.im("db", "resume", "--yes")
    assert "held" not in fleet.im("doctor", "--only", "deadlines").stdout


CELERYS_FAREWELL = ("", "worker: Warm shutdown (MainProcess)")
"""Printed by Celery at SIGTERM, past any logging (celery/apps/worker.py)."""


def test_logs_are_json_and_hold_no_password(fleet: Fleet) -> None:
    logs = {service: [fleet.log(c) for c in fleet.containers(service)] for service in EVERY}
    for service in ("worker", "deadlines", "beat"):
        for line in (line for text in logs[service] for line in text.splitlines() if line not in CELERYS_FAREWELL):
            json.loads(line)
    assert any("herd" in text for text in logs["worker"])
    for text in (text for of in logs.values() for text in of):
        assert not [name for name, password in fleet.passwords.items() if password in text]
