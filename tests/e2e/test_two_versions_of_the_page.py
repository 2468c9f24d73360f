"""The page and the API of one version before workers of another, on one schema: either way round a machine lives its whole life."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from im.db.schema import migrate
from im.domain.access import Actor
from im.domain.event import Channel
from im.queue.celery import QUEUES
from im.services.people import tokens
from im.stack.layout import free_port
from im.stack.programs import worker_words
from tests.chaos.fleet import Fleet
from tests.documented import ROOT
from tests.e2e.test_page_served import _ask as browse
from tests.providers.clouds import public_key
from tests.standin.server import StandIn

BEFORE = ROOT / ".venv-before-page" / "bin" / "python"
THIS = Path(sys.executable)
FLEET = ("worker", "beat", "web")


@pytest.fixture(scope="module", autouse=True)
def installed() -> None:
    made = subprocess.run(["make", "before"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stdout + made.stderr
    asked = [BEFORE, "-P", "-c", "from im.db.schema import migrate; print(migrate.head())"]
    older = subprocess.run(asked, cwd="/", capture_output=True, text=True, check=True).stdout.strip()
    assert older == "0032" < migrate.head(), "another version, and another schema"


@pytest.fixture
def cloud() -> Iterator[StandIn]:
    with StandIn() as running:
        running.control.configure(delays=dict.fromkeys(("launch", "start", "stop", "terminate"), 0.5))
        yield running


class Mixed:
    """A fleet whose workers and page are of versions that can be changed; rows, broker and cloud stay."""

    def __init__(self, folder: Path, database_url: str, cloud: StandIn) -> None:
        self.cloud, self._fleet = cloud, Fleet(folder, database_url, cloud.url)
        self._fleet.start_broker()
        self.port = free_port()
        self._fleet.environ["IM_WEB_PORT"] = str(self.port)
        ctx = self._fleet.context()
        actor = Actor.admin("ada", Channel.CLI)
        self._token = tokens.break_glass(ctx, "mixed", life=timedelta(hours=1), actor=actor).secret
        ctx.dispose()

    def replace(self, *, web: Path, workers: Path) -> None:
        self._fleet.kill(*(name for name in FLEET if name in self._fleet.running))
        for name, python, words in (
            ("worker", workers, ["workers", *worker_words("worker", QUEUES, 2)]),
            ("beat", workers, ["workers", "beat", "--pidfile="]),
            ("web", web, ["im.cli.main", "web"]),
        ):
            self._fleet.run(name, [str(python), "-P", "-m", *words], self._environ(python))
        self._fleet.wait(self._ready)

    def typed(self, python: Path, *words: str) -> str:
        done = subprocess.run(
            [python, "-P", "-m", "im.cli.main", *words],
            env=self._environ(python),
            cwd=self._fleet.folder,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def _environ(self, python: Path) -> dict[str, str]:
        """What is of the version before is installed, and finds nothing of this tree."""
        return {k: v for k, v in self._fleet.environ.items() if k != "PYTHONPATH" or python == THIS}

    def ask(self, method: str, path: str, **given: Any) -> Any:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        try:
            connection.request(method, f"/api/v1/{path}", json.dumps(given) if method == "POST" else None, headers)
            answer = connection.getresponse()
            read = answer.read()
        finally:
            connection.close()
        assert answer.status in (200, 202), read
        return json.loads(read)

    def _ready(self) -> bool:
        try:
            return bool(self.ask("GET", "me"))
        except OSError:
            return False

    def sees(self, name: str, state: str) -> dict[str, Any]:
        """Wait until the API says so, and the cloud."""
        self._fleet.wait(lambda: (one := self.ask("GET", f"instances/{name}"))["observed"] == state and one["settled"])
        document: dict[str, Any] = self.ask("GET", f"instances/{name}")
        states = {one["id"]: one["state"] for one in self.cloud.control.machines(fields=("id", "state"))}
        assert states[document["provider_id"]] == state
        return document

    def page_of(self, python: Path) -> str:
        """The page, as a browser sees it that signs in by a link."""
        link = parse_qs(urlsplit(self.typed(python, "web", "link")).query)["link"][0]
        _, _, cookie = browse(self.port, "POST", "/enter", form={"link": link})
        status, page, _ = browse(self.port, "GET", "/", cookie)
        assert status == 200
        return page

    def close(self) -> None:
        self._fleet.kill()


@pytest.fixture
def mixed(tmp_path: Path, database_url: str, cloud: StandIn) -> Iterator[Mixed]:
    made = Mixed(tmp_path, database_url, cloud)
    yield made
    made.close()


def live(mixed: Mixed, name: str) -> dict[str, Any]:
    """Asked for, extended, stopped, woken for seconds, stopped by its deadline: what the API then says of it."""
    mixed.ask("POST", "instances", name=name, duration="1h", public_key=public_key())
    first = mixed.sees(name, "running")
    mixed.ask("POST", f"instances/{name}/extend", duration="1h")
    assert mixed.sees(name, "running")["expires_at"] > first["expires_at"]
    mixed.ask("POST", f"instances/{name}/stop")
    mixed.sees(name, "stopped")
    mixed.ask("POST", f"instances/{name}/start", duration="5s")
    document = mixed.sees(name, "stopped")
    assert document["expires_at"] < first["expires_at"]
    return document


@pytest.mark.long
def test_given_a_page_and_workers_of_two_versions_either_way_round_no_machine_is_doubled_or_left_running(
    mixed: Mixed,
) -> None:
    mixed.replace(web=BEFORE, workers=THIS)
    told = {"before": live(mixed, "red-1")}
    assert "red-1" in mixed.page_of(BEFORE)
    mixed.replace(web=THIS, workers=BEFORE)
    live(mixed, "red-2")
    assert "red-2" in mixed.page_of(THIS)
    # each goes on with what the other has left
    told["this"] = mixed.ask("GET", "instances/red-1")
    assert told["before"].keys() - told["this"].keys() == set(), "a field was taken from those who read it"
    mixed.ask("POST", "instances/red-1/extend", duration="1h")
    mixed.sees("red-1", "running")
    mixed.replace(web=BEFORE, workers=THIS)
    assert {"red-1", "red-2"} <= {one["name"] for one in mixed.ask("GET", "instances")["items"]}
    for name in ("red-1", "red-2"):
        mixed.ask("POST", f"instances/{name}/terminate")
        mixed.sees(name, "terminated")
    assert len(mixed.cloud.control.machines(fields=("id",))) == 2
