"""What a command over the API loads, and what it must not: neither a database nor a broker nor a cloud is known to it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.serving import Serving
from tests.world import World

NEVER = (
    *("sqlalchemy", "psycopg2", "celery", "kombu", "redis", "boto3", "botocore", "alembic", "structlog", "rich"),
    *("pydantic", "fastapi", "prometheus_client", "urllib.request", "importlib.metadata", "im.db", "im.settings"),
    *("im.context", "im.queue", "im.web", "im.providers.aws.profile", "im.providers.aws.provider"),
)


@pytest.mark.parametrize(
    "words",
    [
        "list",
        "list --all --json",
        "status load",
        "why load",
        "agenda",
        "history load",
        "extend load -d 1h --no-wait",
        "stop load --no-wait",
        "create --name more --no-wait --public-key {key}",
        "create --dry-run --public-key {key}",
        "cost",
        "budget",
        "user",
        "token",
        "quota",
        "audit",
    ],
)
def test_it_loads_nothing_of_the_deployment(
    world: World, served: Serving, tmp_path: Path, key: str, words: str
) -> None:
    assert world.place is not None
    world.create("load")
    told = (
        "import sys, atexit\n"
        f"atexit.register(lambda: print([m for m in {NEVER!r} if m in sys.modules], file=sys.stderr))\n"
        f"sys.argv = ['im', *{words.format(key=key).split()!r}]\n"
        "from im.cli.main import main\n"
        "main()\n"
    )
    kept = {name: value for name, value in os.environ.items() if not name.startswith("IM_")}
    own = {"HOME": str(tmp_path), "IM_API_URL": world.place.url, "IM_TOKEN": world.place.token}
    done = subprocess.run(
        [sys.executable, "-c", told], env={**kept, **own}, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines()[-1] == "[]"
