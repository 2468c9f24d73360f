"""schemathesis asks what docs/openapi.json allows and much that it forbids, alone and one after the other: it finds nothing.

The gate asks once of each operation, and goes to the edges of what its schema says with one in COVERED; `make test-long` does so
with each, as often as IM_EXAMPLES says.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import Connection

from im.db.people import tokens
from im.domain.people.user import User
from im.services.people import users
from tests.documented import ROOT
from tests.integration.web.conftest import Api

EXAMPLES = int(os.environ.get("IM_EXAMPLES", "5"))
COVERED = 3
CONFIG = """
[generation]
# a program has no cookie, and one beside its token is a browser that nobody can place
with-security-parameters = false

[checks.positive_data_acceptance]
# 412: an invented If-Match fits nothing. 422: no schema says that a name is taken or a role unknown; what it does say is held by
# the other checks, which send what it forbids
expected-statuses = ["2xx", "3xx", "401", "403", "404", "409", "412", "422", "429", "5xx"]

[[operations]]
include-operation-id = "wait_for_instance"
parameters = { timeout = 0 }
"""

UNCOVERED = """
[[operations]]
include-operation-id = {}
phases = {{ coverage = {{ enabled = false }} }}
"""


def uncovered() -> list[str]:
    """All operations but one in COVERED; the one that has its own place in the configuration is not among them."""
    paths = json.loads((ROOT / "docs" / "openapi.json").read_text())["paths"].values()
    names = sorted(one["operationId"] for path in paths for one in path.values() if "operationId" in one)
    return [name for number, name in enumerate(names) if number % COVERED and name != "wait_for_instance"]


@pytest.fixture
def lasting(api: Api, monkeypatch: pytest.MonkeyPatch) -> Api:
    """Whoever asks could end their own token, or make another admin and demote themselves, and would learn nothing afterwards."""
    (own,) = api.ask("GET", "/api/v1/tokens").body["items"]
    revoke, last = tokens.revoke, users.is_last_admin

    def not_its_own(connection: Connection, token_id: str, now: object) -> bool:
        return token_id != own["id"] and revoke(connection, token_id, now)  # type: ignore[arg-type]

    def not_its_user(connection: Connection, user: User) -> bool:
        return user.login == "ada" or last(connection, user)

    monkeypatch.setattr(tokens, "revoke", not_its_own)
    monkeypatch.setattr(users, "is_last_admin", not_its_user)
    return api


@pytest.mark.parametrize("examples", [1, pytest.param(EXAMPLES, marks=pytest.mark.long)])
def test_schemathesis_finds_nothing(lasting: Api, tmp_path: Path, examples: int) -> None:
    lasting.create()
    lasting.world.advance(20)
    config = tmp_path / "schemathesis.toml"
    config.write_text(CONFIG + (UNCOVERED.format(json.dumps(uncovered())) if examples == 1 else ""))
    words = [
        *("--config-file", str(config), "run", str(ROOT / "docs" / "openapi.json")),
        *("--url", f"http://127.0.0.1:{lasting.port}"),
        *("--header", f"Authorization: Bearer {lasting.tokens['ada']}"),
        # a stream has no end; tests/integration/web/test_stream.py listens to it
        *("--exclude-operation-id", "follow_changes"),
        *("--max-examples", str(examples), "--seed", "1", "--no-color", "--continue-on-failure", "--no-shrink"),
    ]
    done = subprocess.run(
        [Path(sys.executable).parent / "schemathesis", *words],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-60_000:] + done.stderr[-4000:]
    assert lasting.ask("GET", "/api/v1/me").status == 200, "it was somebody until the end"
