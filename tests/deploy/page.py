"""The profile `web` of the composed fleet: the page and the API, once somebody can sign in, and from this machine alone.

Before `fleet.py`, on the same fleet: `pytest tests/deploy/page.py tests/deploy/fleet.py`.
"""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest

from tests.deploy.compose import ITS_OWN, Fleet, until
from tests.deploy.conftest import KEY


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


_OPENER = urllib.request.build_opener(_NoRedirect)


def ask(
    fleet: Fleet, path: str, token: str = "", body: object = None, **headers: str
) -> tuple[int, dict[str, str], str]:
    """Status, headers and body of what the page or the API answers; 0 where nobody does."""
    data = None if body is None else json.dumps(body).encode()
    asked = urllib.request.Request(f"{fleet.web_url}{path}", data, headers)
    if token:
        asked.add_header("Authorization", f"Bearer {token}")
    if data is not None:
        asked.add_header("Content-Type", "application/json")
    try:
        with _OPENER.open(asked, timeout=20) as answer:
            return answer.status, dict(answer.headers), answer.read().decode()
    except urllib.error.HTTPError as refusal:
        with refusal:
            return refusal.code, dict(refusal.headers), refusal.read().decode()
    except OSError:
        return 0, {}, ""


def started_web(fleet: Fleet) -> dict[str, Any] | None:
    """Its container, once it is healthy."""
    found = fleet.containers("web")
    healthy = [one for one in found if one["State"].get("Health", {}).get("Status") == "healthy"]
    return healthy[0] if healthy else None


def moment(text: str) -> datetime:
    """As the engine writes it, with nanoseconds."""
    return datetime.fromisoformat(text[:19])


@dataclass(frozen=True)
class Page:
    token: str
    """Of ada's, who is an admin."""
    started_at: datetime
    migrated_at: datetime
    """Each `run` of the command line migrates once more, so both are read before the next."""


@pytest.fixture(scope="module")
def page(fleet: Fleet) -> Page:
    """Somebody can sign in from now on, and the page is there."""
    fleet.compose("start", "worker", "deadlines")
    fleet.profiles.append("web")
    fleet.im("user", "add", "ada", "--role", "admin")
    fleet.compose("up", "--detach", "--no-recreate", "web")
    web = until("web is healthy", lambda: started_web(fleet))
    (migrated,) = fleet.containers("migrate")
    assert migrated["State"]["ExitCode"] == 0
    made = fleet.im("token", "create", "laptop", "--user", "ada", "--grant", "write,terminate", "-q")
    times = moment(web["State"]["StartedAt"]), moment(migrated["State"]["FinishedAt"])
    return Page(made.stdout.strip(), *times)


@pytest.fixture
def token(page: Page) -> str:
    return page.token


def test_it_is_not_started_unasked_and_serves_nobody_as_long_as_nobody_can_sign_in(fleet: Fleet) -> None:
    assert fleet.containers("web") == []
    fleet.compose("--profile", "web", "up", "--detach", "--no-recreate", "--no-deps", "web")
    try:
        (container,) = until("its container", lambda: fleet.containers("web"))
        until("it says why", lambda: "as long as nobody can sign in" in fleet.log(container))
        assert ask(fleet, "/healthz")[0] == 0
    finally:
        fleet.compose("--profile", "web", "rm", "--stop", "--force", "web")


def test_what_compose_makes_of_the_file_has_it_and_what_it_needs(fleet: Fleet, token: str) -> None:
    told = fleet.compose("config").stdout
    assert "8780" in told
    assert fleet.web_url in told
    assert "web" in fleet.compose("config", "--services").stdout.split()
    for name, password in fleet.passwords.items():
        text = fleet.env_file.read_text()
        fleet.env_file.write_text(text.replace(f"{name}={password}\n", ""))
        refused = fleet.compose("config", "--quiet", check=False)
        fleet.env_file.write_text(text)
        assert refused.returncode != 0, name
        assert name in refused.stderr + refused.stdout


def test_it_is_asked_from_this_machine_alone_and_has_no_privileges(fleet: Fleet, token: str) -> None:
    (container,) = fleet.containers("web")
    published = {
        (port, where["HostIp"])
        for port, bound in container["NetworkSettings"]["Ports"].items()
        for where in bound or []
    }
    assert published == {("8780/tcp", "127.0.0.1")}
    assert container["Config"]["User"] == "10001:10001"
    assert container["HostConfig"]["ReadonlyRootfs"]
    assert container["HostConfig"]["CapDrop"] == ["ALL"]


def test_it_is_ready_and_answers_nobody_who_has_not_signed_in(fleet: Fleet, token: str) -> None:
    assert [ask(fleet, path)[0] for path in ("/healthz", "/readyz", "/version")] == [200] * 3
    assert ask(fleet, "/api/v1/instances")[0] == 401
    assert ask(fleet, "/metrics")[0] == 401
    status, headers, _ = ask(fleet, "/", Accept="text/html")
    assert status == 303
    assert headers["location"].startswith("/sign-in")
    assert ask(fleet, "/sign-in", Accept="text/html")[0] == 200
    assert ask(fleet, "/api/v1/instances", token)[0] == 200


def test_it_began_after_the_migrations_had_ended(page: Page) -> None:
    assert page.started_at >= page.migrated_at


def test_what_is_asked_for_over_the_api_is_done_by_a_worker(fleet: Fleet, token: str) -> None:
    wish = {"name": "by-api", "public_key": KEY.strip(), "duration": "10m"}
    status, _, told = ask(fleet, "/api/v1/instances", token, wish)
    assert status == 202, told
    until("it runs at the cloud", lambda: fleet.machines().get("by-api") == ["running"])
    status, _, told = ask(fleet, "/api/v1/instances/by-api/terminate", token, {})
    assert status == 202, told
    until("it is gone at the cloud", lambda: fleet.machines().get("by-api") == ["terminated"])


def test_each_service_has_its_own_passwords_and_no_command_line_has_any(fleet: Fleet, token: str) -> None:
    given = {}
    for service in ITS_OWN:
        for container in fleet.containers(service):
            environment = "\n".join(container["Config"]["Env"])
            given[service] = {
                name.removeprefix("IM_").removesuffix("_PASSWORD")
                for name, password in fleet.passwords.items()
                if password in environment
            }
            words = " ".join([container["Path"], *container["Args"]])
            running = fleet.processes(container) if container["State"]["Running"] else ""
            for password in (*fleet.passwords.values(), token):
                assert password not in words + running, service
    assert given == ITS_OWN


def test_its_log_is_json_and_holds_no_secret(fleet: Fleet, token: str) -> None:
    (container,) = fleet.containers("web")
    said = fleet.log(container)
    for line in said.splitlines():
        json.loads(line)
    for secret in (*fleet.passwords.values(), token):
        assert secret not in said


def test_it_leaves_when_asked(fleet: Fleet, token: str) -> None:
    began = time.monotonic()
    fleet.compose("stop", "web")
    assert time.monotonic() - began < 9, "killed at the end of the grace period"
    (container,) = fleet.containers("web")
    assert container["State"]["ExitCode"] == 0
