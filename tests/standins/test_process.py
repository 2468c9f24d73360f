"""The process that pretends the clouds of the local stack: who is let in, and what outlives it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hcloud import APIException, Client
from werkzeug.routing import Map, Rule
from werkzeug.test import EnvironBuilder

from im.stack.layout import free_port
from im.stack.probes import http_answers
from im.standins.gcp import Gcp
from im.standins.kept import Keeper
from im.standins.kubernetes import Kubernetes
from tests.waiting import until

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEaKkqMYwAvYSRyBEXzNaFVtB9sjLgKmQJfTcsfZzZ0R me"


@contextmanager
def pretending(folder: Path, port: int, secret: str = "between-us") -> Iterator[subprocess.Popen[str]]:  # noqa: S107
    told = f"aws=http://sandbox:x@127.0.0.1:1,hetzner=http://sandbox:{secret}@127.0.0.1:{port}"
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "im.standins", "--state", str(folder)],
        env={**os.environ, "IM_SANDBOX_URL": told},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        until("the stand-in", lambda: http_answers(f"http://127.0.0.1:{port}/ready") or process.poll() is not None)
        assert process.poll() is None, process.stdout and process.stdout.read()
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)


def client(port: int, token: str) -> Client:
    return Client(token, api_endpoint=f"http://127.0.0.1:{port}/v1", timeout=5)


def test_what_was_made_outlives_the_process_and_only_the_secret_opens_it(tmp_path: Path) -> None:
    port = free_port(None)
    with pretending(tmp_path, port):
        made = client(port, "team.between-us").ssh_keys.create("mine", KEY)
        with pytest.raises(APIException, match="unable to authenticate"):
            client(port, "team.guessed").ssh_keys.get_all()
    assert (tmp_path / "hetzner.pickle").stat().st_mode & 0o777 == 0o600
    with pretending(tmp_path, port):
        again = client(port, "team.between-us")
        assert [one.id for one in again.ssh_keys.get_all()] == [made.id]
        assert client(port, "another.between-us").ssh_keys.get_all() == []
        assert again.ssh_keys.create("second", KEY.replace("AIEaK", "AIEaL")).id > made.id


def test_what_a_version_before_kept_is_made_whole(tmp_path: Path) -> None:
    kept = Gcp("secret")
    world = kept.project("team")
    world.queues = {"us-east1"}
    for later in ("tasks", "apis_off", "guard_account"):
        vars(world).pop(later)
    kept.books.made = 1
    Keeper(kept, tmp_path / "gcp.pickle").save()
    fresh = Gcp("secret")
    assert Keeper(fresh, tmp_path / "gcp.pickle").load() == "as it was left, with 1 accounts"
    found = fresh.project("team")
    assert (found.tasks, found.apis_off, found.guard_account, found.queues) == ({}, set(), True, {"us-east1"})


def test_a_cloud_without_a_secret_is_not_started(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-P", "-m", "im.standins", "--state", str(tmp_path)],
        env={**os.environ, "IM_SANDBOX_URL": "hetzner=http://127.0.0.1:8099"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr == "the address of hetzner is to be written as hetzner=http://sandbox:SECRET@HOST:PORT\n"


def test_routes_whose_building_breaks_once_are_built_again_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """CPython 3.11 breaks it now and then (gh-106905), after the first rules are bound."""
    tried: list[Map] = []

    def breaks(rules: list[Rule]) -> Map:
        tried.append(Map(rules))
        if len(tried) == 1:
            raise SystemError("AST constructor recursion depth mismatch")
        return tried[-1]

    monkeypatch.setattr("im.standins.service.Map", breaks)
    made = Kubernetes("secret")
    asked = EnvironBuilder(path="/version", headers={"Authorization": "Bearer cluster.secret"}).get_environ()
    told: list[str] = []
    list(made(asked, lambda status, *_: told.append(status)))
    assert told == ["200 OK"]
    shapes = [{(one.rule, one.websocket) for one in each.iter_rules()} for each in tried]
    assert shapes[0] == shapes[1]
    assert any(websocket for _, websocket in shapes[1])
