"""`im create`'s words about the machine, from the command line to the cloud, and back in `status`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from im.cli.options import own_address
from im.domain.errors import Refused
from im.services.requests.order import sources
from tests.integration.typed import answer, run
from tests.world import World


@contextmanager
def mirror(says: bytes, status: int = 200) -> Iterator[str]:
    """A server that tells people their address, whatever it says."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(says)))
            self.end_headers()
            self.wfile.write(says)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


# ---- who may log in --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("says", "network"), [(b"8.8.4.4\n", "8.8.4.4/32"), (b"2a00:1450::1", "2a00:1450::1/128")])
def test_me_is_the_address_the_mirror_sees(monkeypatch: pytest.MonkeyPatch, says: bytes, network: str) -> None:
    with mirror(says) as url:
        monkeypatch.setattr(own_address, "MIRROR", url)
        assert sources(["me", "none", "10.0.0.0/8"], own_address.own_network) == (network, "10.0.0.0/8")


@pytest.mark.parametrize(
    ("says", "status", "why"),
    [
        (b"<html>log in to the hotel's network</html>", 200, "answers with something else"),
        (b"", 200, "answers with something else"),
        (b"192.168.1.7", 200, "sees you as 192.168.1.7, where no cloud can see you"),
        (b"no", 503, "does not answer"),
    ],
)
def test_an_address_that_cannot_be_learned_is_refused_and_never_guessed(
    monkeypatch: pytest.MonkeyPatch, says: bytes, status: int, why: str
) -> None:
    with mirror(says, status) as url:
        monkeypatch.setattr(own_address, "MIRROR", url)
        with pytest.raises(Refused) as caught:
            own_address.own_network()
    assert why in caught.value.message
    assert "--ssh-from 203.0.113.7" in caught.value.hint


def test_nobody_listens_where_the_mirror_should_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_address, "MIRROR", "http://127.0.0.1:9")
    with pytest.raises(Refused, match="does not answer"):
        own_address.own_network()


def test_by_default_only_the_caller_may_log_in(world: World, key: str) -> None:
    run(world, "create", "--public-key", key, "--name", "web")
    world.advance(5)
    assert answer(world, "status", "web")[0]["firewall"] == ["22/tcp@127.0.0.1/32"]
    assert "open      22/tcp from 127.0.0.1/32" in run(world, "status", "web").stdout


def test_what_is_opened_is_said_before_and_after(world: World, key: str) -> None:
    words = ("create", "--public-key", key, "--ssh-from", "10.0.0.0/8,192.0.2.1", "--open", "443,53/udp@10.0.0.0/8")
    before = run(world, *words, "--dry-run")
    assert "22/tcp from 10.0.0.0/8, 192.0.2.1/32 · 443/tcp from anywhere · 53/udp from 10.0.0.0/8" in before.stdout
    assert json.loads(run(world, *words, "--dry-run", "--json").stdout)["firewall"] == [
        *("22/tcp@10.0.0.0/8", "22/tcp@192.0.2.1/32", "443/tcp@0.0.0.0/0", "443/tcp@::/0", "53/udp@10.0.0.0/8")
    ]


def test_nobody_may_log_in(world: World, key: str) -> None:
    assert answer(world, "create", "--public-key", key, "--ssh-from", "none")[0]["firewall"] == []


def test_the_house_rule_for_who_may_log_in(world: World, key: str) -> None:
    world.ctx = replace(world.ctx, settings=replace(world.ctx.settings, ssh_from="198.51.100.0/24"))
    assert answer(world, "create", "--public-key", key)[0]["firewall"] == ["22/tcp@198.51.100.0/24"]


# ---- user data -------------------------------------------------------------------------------------------------------


def test_user_data_is_measured_and_never_shown(world: World, key: str, tmp_path: Path) -> None:
    file = tmp_path / "boot.sh"
    file.write_text("TOKEN=hunter2\n")
    words = ("create", "--public-key", key, "--name", "web", "--user-data", str(file), "--hibernate")
    told = run(world, *words, "--dry-run").stdout + run(world, *words).stdout
    world.advance(5)
    told += run(world, "status", "web").stdout + run(world, "history", "web").stdout
    told += json.dumps(answer(world, "status", "web"))
    assert "user data" in told
    assert "14 bytes, kept apart until it is launched, then erased" in told
    assert '"user_data_bytes": 14' in told
    assert "hunter2" not in told


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("missing", "there is no file"),
        (".", "is a folder, not user data"),
        ("empty", "is empty"),
        ("big", "is too big"),
    ],
)
def test_no_user_data(world: World, key: str, tmp_path: Path, name: str, line: str) -> None:
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "big").write_bytes(b"x" * (1024 * 1024 + 1))
    done = run(world, "create", "--public-key", key, "--user-data", str(tmp_path / name))
    assert (done.exit_code, answer(world, "list")) == (2, [])
    assert line in done.stderr


# ---- disks -----------------------------------------------------------------------------------------------------------


def test_what_becomes_of_the_disks_is_said_before_it_happens(world: World, key: str) -> None:
    words = ("--disk", "50", "--volume", "size=100,type=fast,keep")
    run(world, "create", "--public-key", key, "--name", "db", *words)
    run(world, "create", "--public-key", key, "--name", "web")
    world.advance(5)
    told = run(world, "status", "db").stdout
    assert "disk      50 GB\n" in told
    assert "volume    100 GB fast, kept when the machine is terminated" in told
    shown = answer(world, "status", "db")[0]["disks"]
    assert [(disk["size_gb"], disk["keep"]) for disk in shown] == [(50, False), (100, True)]
    dry = run(world, "terminate", "db", "web", "--dry-run").stdout.splitlines()
    assert dry[0].endswith("the root disk is deleted · the volume of 100 GB is kept, and goes on costing")
    assert dry[1].endswith("the root disk is deleted")
    unasked = run(world, "terminate", "db", "web", "-y", "--no-wait").stdout.splitlines()
    assert unasked[0].endswith("the volume of 100 GB is kept, and goes on costing")
    assert "kept" not in unasked[1]


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ("--ssh-from 10.0.0.1/8", "'10.0.0.1/8' has an address where a network is needed. Did you mean 10.0.0.0/8?"),
        ("--ssh-from none,me", "--ssh-from none means nobody, and somebody is named beside it"),
        ("--ssh-from everyone", "'everyone' is no network. Next: write 203.0.113.7"),
        (
            "--ssh-from 127.0.0.1",
            "nobody can come from 127.0.0.1/32. Next: name the address that the cloud sees, or say me",
        ),
        (
            "--ssh-from none --open 20-30",
            "--ssh-from none lets nobody log in, and --open 20-30/tcp lets in whoever comes",
        ),
        ("--open 9000-8000", "'9000-8000' counts down. Did you mean 8000-9000/tcp?"),
        ("--security-group sg-01234567", "--security-group is nothing that fake has"),
        ("--disk 50,mount=/data", "'mount=/data' says nothing of a disk"),
        ("--ssh-user ;id", "';id' is no user's name"),
    ],
)
def test_nonsense_is_refused_and_nothing_is_written(world: World, key: str, words: str, line: str) -> None:
    done = run(world, "create", "--public-key", key, *words.split())
    assert done.exit_code == 2
    assert f"im: {line}" in done.stderr
    assert answer(world, "list") == []
