"""The window on the queue shows what it is for: which instance each task was about, and the sentence that came of it."""

from __future__ import annotations

import json
import re
import urllib.request
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from im.stack import probes
from im.stack.layout import free_port
from tests.e2e.conftest import StackUnderTest
from tests.e2e.test_stack_fleet import Attended
from tests.e2e.test_stack_life import eventually
from tests.integration.typed import KEY


def asked(where: str, password: str) -> str:
    request = urllib.request.Request(where)
    request.add_header("Authorization", "Basic " + b64encode(f"im:{password}".encode()).decode())
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=10) as answer:
        return str(answer.read().decode())


@pytest.fixture(params=["im up", pytest.param("im flower", marks=pytest.mark.long)])
def flower(stack: StackUnderTest, request: pytest.FixtureRequest) -> Iterator[tuple[str, str]]:
    """Its address and its password, as they are told to people."""
    if request.param == "im up":
        password, _, where = stack.running().named["flower_url"].removeprefix("http://im:").partition("@")
        yield f"http://{where}", password
        return
    where = f"http://127.0.0.1:{free_port()}"
    started = Attended(stack, "flower", "--port", where.rpartition(":")[2])
    try:
        assert eventually(lambda: probes.http_answers(f"{where}/healthcheck"), 60), started.lines
        told = next(line for line in started.lines if line.startswith("Flower: http://im:"))
        yield where, told.partition("http://im:")[2].partition("@")[0]
    finally:
        started.close()


def test_its_tasks_show_the_instances_name_and_the_sentence(
    stack: StackUnderTest, flower: tuple[str, str], tmp_path: Path
) -> None:
    where, password = flower
    page = asked(f"{where}/tasks", password)
    heads = re.findall(r'data-column="(\w+)"', page)
    assert heads == ["name", "args", "result", "state", "received", "runtime", "worker"]

    name = f"shown-{where.rpartition(':')[2]}"
    key = tmp_path / "id.pub"
    key.write_text(KEY)
    made = stack.run("create", "--name", name, "-d", "1h", "--public-key", str(key), "--wait")
    assert made.returncode == 0, made.stderr

    def row() -> dict[str, Any]:
        query = (
            f"draw=1&start=0&length=100&search[value]={name}&order[0][column]=0&columns[0][data]=name&order[0][dir]=asc"
        )
        table = json.loads(asked(f"{where}/tasks/datatable?{query}", password))
        done = [one for one in table["data"] if one["name"] == "im.create" and one["result"]]
        return dict(done[0]) if done else {}

    try:
        assert eventually(lambda: bool(row()), 30)
        shown = row()
        assert name in shown["args"]
        assert len(shown["result"].split()) > 2  # a sentence, of whatever became of it
        assert shown["state"] == "SUCCESS"
        assert shown["received"]
        assert shown["runtime"] > 0
        assert "@" in shown["worker"]
    finally:
        stack.run("terminate", name, "-y", "--no-wait")
