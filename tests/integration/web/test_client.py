"""A client that a program makes of docs/openapi.json creates a machine, waits for it and extends it: the description is enough."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from im.domain.access import Role
from tests.documented import ROOT
from tests.integration.web.conftest import Api
from tests.providers.clouds import public_key
from tests.standin.server import StandIn
from tests.standin_world import Near, StandInWorld

PACKAGE = "im_client"


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("client")
    config = folder / "config.json"
    config.write_text(json.dumps({"post_hooks": [], "package_name_override": PACKAGE}))
    made = folder / PACKAGE
    words = ["generate", "--path", str(ROOT / "docs" / "openapi.json"), "--meta", "none"]
    done = subprocess.run(
        [Path(sys.executable).parent / "openapi-python-client", *words, "--output-path", made, "--config", config],
        capture_output=True,
        text=True,
        check=False,
    )
    told = done.stdout + done.stderr
    assert done.returncode == 0, told
    assert "WARNING" not in told.upper(), told
    sys.path.insert(0, str(folder))
    yield PACKAGE
    sys.path.remove(str(folder))
    for name in [one for one in sys.modules if one.partition(".")[0] == PACKAGE]:
        del sys.modules[name]


@pytest.fixture
def ours(database_url: str, ec2: StandIn, clients: Near) -> Iterator[Api]:
    world = StandInWorld(database_url, ec2, clients)
    made = Api(world)
    made.user("ada", Role.ADMIN)
    yield made
    made.close()
    world.close()


def part(name: str) -> ModuleType:
    return importlib.import_module(f"{PACKAGE}.{name}")


def test_a_generated_client_creates_waits_and_extends(generated: str, ours: Api) -> None:
    models = part("models")
    url, token = f"http://127.0.0.1:{ours.port}", ours.tokens["ada"]
    with part("client").AuthenticatedClient(base_url=url, token=token) as client:
        lives(client, models, ours)


def lives(client: Any, models: ModuleType, ours: Api) -> None:
    create, extend = part("api.instances.create_instances"), part("api.verbs.extend_instance")
    wait, get = part("api.stories.wait_for_instance"), part("api.instances.get_instance")

    form = models.CreateForm(public_key=public_key(), name="web", duration="1h")
    made = create.sync(client=client, body=form, idempotency_key="once")
    assert [one.name for one in made.items] == ["web"]
    again = create.sync(client=client, body=form, idempotency_key="once")
    assert again.items[0].id == made.items[0].id

    with ThreadPoolExecutor(1) as beside:
        waiting = beside.submit(wait.sync, "web", client=client, timeout=30)
        ours.world.advance(30)
        waited = waiting.result(timeout=60)
    assert (waited.settled, waited.error, waited.instance.status) == (True, None, "running")

    moved = extend.sync("web", client=client, body=models.ExtendForm(duration="2h"), if_match='"1"')
    assert moved.previous_expires_at == made.items[0].expires_at < moved.expires_at
    stale = extend.sync_detailed("web", client=client, body=models.ExtendForm(duration="2h"), if_match='"1"')
    assert stale.status_code == 412
    assert stale.parsed.code == "precondition_failed"
    assert stale.parsed.exit_ == 8
    nowhere = get.sync("nothing", client=client)
    assert (nowhere.status, nowhere.code) == (404, "not_found")
