"""The stack's own life: up, up again, hurt, down, purged. Real processes, killed for real."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import stat
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import psycopg2
import pytest

from im.db.engine import make_engine
from im.providers import registry
from im.stack import probes
from im.stack.layout import Layout
from im.stack.local import LocalStack, running
from im.stack.supervision import strays
from im.standins.admission import READY
from tests.e2e.conftest import IM, StackUnderTest, make_stack, ran_there

REAL = {
    "AWS_ACCESS_KEY_ID": "AKIAREALREALREALREAL",
    "AWS_SECRET_ACCESS_KEY": "real-secret-never-to-be-seen",
    "AWS_SESSION_TOKEN": "real-token-never-to-be-seen",
    "AWS_PROFILE": "real-profile",
    "AWS_ENDPOINT_URL": "http://real-endpoint.invalid",
}


@pytest.fixture(scope="module")
def folder() -> Iterator[StackUnderTest]:
    made = make_stack()
    (made.home / "mine.txt").write_text("a file of the user's")
    try:
        yield made
    finally:
        made.remove()


@pytest.fixture
def up(folder: StackUnderTest, foreign: Path) -> StackUnderTest:
    """The module's stack, up, started by somebody with real credentials in the environment, in a folder of somebody else's."""
    done = subprocess.run(
        [IM, "up", "-d"],
        cwd=foreign,
        env={**folder.environ, **REAL},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def down(folder: StackUnderTest, request: pytest.FixtureRequest) -> StackUnderTest:
    """The module's stack, that was up and is down: its data are there, whichever tests ran before."""
    if not folder.local.layout.postgres.is_dir():
        request.getfixturevalue("up")
    done = folder.run("down")
    assert done.returncode == 0, done.stderr
    return folder


def stale(home: Path) -> bool:
    """Does the folder name a stack that is not there: the machine was restarted, or everything was killed?"""
    return Layout(home).stack_file.exists() and LocalStack(home).running() is None


def eventually(what: Callable[[], bool], seconds: float = 120) -> bool:
    """Wait for another process; how busy this machine is, is not judged."""
    until = time.monotonic() + seconds
    while not what():
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True


def launch(stack: StackUnderTest) -> str:
    with contextlib.closing(stack.ec2()) as client:
        image = client.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
        made = client.run_instances(ImageId=image, MinCount=1, MaxCount=1, InstanceType="t2.nano")
        return str(made["Instances"][0]["InstanceId"])


def machines(stack: StackUnderTest) -> list[str]:
    with contextlib.closing(stack.ec2()) as client:
        return [i["InstanceId"] for r in client.describe_instances()["Reservations"] for i in r["Instances"]]


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_only_its_owner_can_read_what_it_wrote(up: StackUnderTest) -> None:
    layout = up.local.layout
    for secret in (layout.stack_file, layout.secrets_file, layout.details_file, layout.root / "supervisord.conf"):
        assert mode(secret) == 0o600, secret
    for log in layout.logs.iterdir():
        assert mode(log) == 0o600, log
    sockets = Path(json.loads(layout.details_file.read_text())["sockets"])
    for private in (layout.logs, layout.work, layout.postgres, sockets / "pg", sockets / "control"):
        assert mode(private) == 0o700, private
    assert mode(layout.home) == (0o711 if os.geteuid() == 0 else 0o700)


def test_every_part_answers_and_the_workers_are_reserved_as_promised(up: StackUnderTest) -> None:
    found = up.running()
    named = "postgres valkey sandbox clouds worker deadlines beat flower web"
    assert {p.name for p in found.processes} == set(named.split())
    assert eventually(lambda: probes.consumers(found.named["broker_url"]) == 2)
    deadlines = psutil.Process(up.pid("deadlines")).cmdline()
    assert deadlines[deadlines.index("-Q") + 1] == "im.deadlines"
    engine = make_engine(found.named["database_url"])
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM deployment").scalar_one() == 1
    engine.dispose()


def test_flower_asks_for_its_password_and_takes_no_orders(up: StackUnderTest) -> None:
    _, _, rest = up.running().named["flower_url"].partition("//")
    password, _, where = rest.removeprefix("im:").partition("@")
    assert probes.http_answers(f"http://{where}/workers", "im", password)
    assert not probes.http_answers(f"http://{where}/workers")
    assert not probes.http_answers(f"http://{where}/workers", "im", "guessed")
    assert probes.http_answers(f"http://{where}/metrics", "im", password)
    assert not probes.http_answers(f"http://{where}/metrics")
    assert psutil.Process(up.pid("flower")).environ()["FLOWER_READ_ONLY"] == "true"


def test_nothing_listens_beyond_this_machine(up: StackUnderTest) -> None:
    listening = [
        (process.name(), address.laddr.ip)
        for process in strays(up.local.layout)
        for address in process.net_connections("tcp")
        if address.status == psutil.CONN_LISTEN
    ]
    # Valkey, Flower, the page, and the sandbox of each cloud; Postgres has a socket file only
    assert len(listening) == 3 + len(registry.names()), listening
    # gRPC's own server shows the same address as IPv6 writes it
    assert {ip.removeprefix("::ffff:") for _, ip in listening} == {"127.0.0.1"}


def test_no_process_of_a_sandbox_sees_a_real_credential(up: StackUnderTest) -> None:
    processes = strays(up.local.layout)
    assert len(processes) >= 9
    for process in processes:
        seen = Path(f"/proc/{process.pid}/environ").read_text()
        for secret in REAL.values():
            assert secret not in seen, process.cmdline()


def test_nothing_of_the_folder_it_is_typed_in_is_run(up: StackUnderTest, foreign: Path) -> None:
    assert eventually(lambda: probes.consumers(up.running().named["broker_url"]) == 2)
    assert ran_there(foreign) == ""


def test_a_second_up_says_so_and_starts_nothing(up: StackUnderTest) -> None:
    before = {p.name: p.pid for p in up.running().processes}
    again = up.run("up")
    assert again.returncode == 0
    assert "already up" in again.stdout
    assert up.sandbox.endpoint in again.stdout
    assert up.sandbox.secret not in again.stdout
    assert {p.name: p.pid for p in up.running().processes} == before


def test_another_cloud_is_refused_while_it_is_up(up: StackUnderTest) -> None:
    refused = up.run("up", "--cloud", "aws", "-y", environ=REAL)
    assert refused.returncode == 2
    assert "already up with --cloud sandbox" in refused.stderr


def test_given_children_killed_when_a_moment_passes_they_are_back_and_nothing_is_lost(up: StackUnderTest) -> None:
    machine = launch(up)
    kept = up.local.layout.sandbox_file
    assert eventually(lambda: kept.exists() and machine in kept.read_bytes().decode("latin-1"))
    victims = ("postgres", "valkey", "sandbox", "worker")
    killed = {name: up.pid(name) for name in victims}
    for pid in killed.values():
        os.kill(pid, signal.SIGKILL)
    for name in victims:
        assert eventually(lambda name=name: up.pid(name) not in (0, killed[name])), name
    assert eventually(lambda: probes.http_answers(up.sandbox.endpoint + READY))
    assert eventually(lambda: probes.consumers(up.broker_url) == 2)
    assert machine in machines(up)
    assert up.run("list").returncode == 0


def test_given_its_supervisor_killed_when_up_is_typed_the_old_children_are_gone_first(up: StackUnderTest) -> None:
    orphans = {p.pid for p in strays(up.local.layout)}
    os.kill(int((_sockets(up) / "control" / "supervisord.pid").read_text()), signal.SIGKILL)
    assert eventually(lambda: stale(up.home))
    done = up.run("up", "-d")
    assert done.returncode == 0, done.stderr
    assert "left behind" in done.stderr
    assert not orphans.intersection(p.pid for p in strays(up.local.layout))
    assert not stale(up.home)


def test_down_keeps_rows_and_machines_and_up_in_the_foreground_is_one_log(
    up: StackUnderTest, stack: StackUnderTest
) -> None:
    """Beside it runs the stack of another folder: neither notices the other."""
    beside = {p.name: p.pid for p in stack.running().processes}
    before, machine = dict(up.running().named), launch(up)
    _execute(up, "CREATE TABLE IF NOT EXISTS kept (line text)", "INSERT INTO kept VALUES ('still here')")
    names_it = up.local.layout.stack_file.read_bytes()
    done = up.run("down")
    assert (done.returncode, done.stderr) == (0, "")
    assert "data stays" in done.stdout
    assert strays(up.local.layout) == []
    assert not up.local.layout.stack_file.exists()
    assert "Nothing is up" in up.run("down").stdout
    up.local.layout.stack_file.write_bytes(names_it)  # as where the machine was switched off meanwhile
    assert running(up.home) is None
    assert stale(up.home)
    assert up.run("down").returncode == 0
    assert not stale(up.home)
    shown: list[str] = []
    with subprocess.Popen(
        up.command("up"), env=up.environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as attended:
        assert attended.stdout is not None
        reader = threading.Thread(target=lambda: shown.extend(attended.stdout or ()))
        reader.start()
        assert eventually(lambda: any("the stack is up" in line for line in shown)), shown
        assert dict(up.running().named) == before  # addresses and passwords last
        assert machine in machines(up)
        _execute(up, "DELETE FROM kept WHERE line = 'still here'", rows=1)
        os.kill(up.pid("beat"), signal.SIGKILL)
        assert eventually(lambda: any("beat ended unexpectedly" in line for line in shown)), shown
        attended.send_signal(signal.SIGINT)
        assert attended.wait(timeout=60) == 0
        reader.join()
    told = "".join(shown)
    assert "\x1b" not in told
    for name in ("im", "postgres", "worker"):
        assert any(line.startswith(f"{name:<9} |") for line in shown), name
    assert "stopped; the data stays" in shown[-1]
    assert strays(up.local.layout) == []
    assert {p.name: p.pid for p in stack.running().processes} == beside
    assert stack.run("list").returncode == 0


@pytest.mark.long
def test_given_everything_killed_when_asked_it_is_not_mistaken_for_running(up: StackUnderTest) -> None:
    for process in strays(up.local.layout):
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    assert eventually(lambda: not strays(up.local.layout))
    assert up.local.layout.stack_file.exists()
    assert running(up.home) is None
    assert stale(up.home)
    assert up.run("down").returncode == 0
    assert not up.local.layout.stack_file.exists()
    assert not stale(up.home)


def test_purge_asks_then_removes_what_is_the_stacks_and_nothing_else(down: StackUnderTest) -> None:
    refused = down.run("down", "--purge")
    assert refused.returncode == 2
    assert "im down --purge -y" in refused.stderr
    assert down.local.layout.root.is_dir()
    assert down.run("down", "--purge", "-y").returncode == 0
    assert [path.name for path in down.home.iterdir()] == ["mine.txt"]
    assert down.run("down", "--purge", "-y").returncode == 0


def test_a_real_cloud_is_never_used_unasked(folder: StackUnderTest) -> None:
    assert folder.run("down").returncode == 0
    nobody = folder.run("up", "--cloud", "aws", "-y", environ={"AWS_SHARED_CREDENTIALS_FILE": os.devnull})
    assert (nobody.returncode, "no credentials of aws are to be seen here" in nobody.stderr) == (2, True)
    unasked = folder.run("up", "--cloud", "aws", environ=REAL)
    assert unasked.returncode == 2
    assert "im up --cloud aws -y" in unasked.stderr
    assert REAL["AWS_SECRET_ACCESS_KEY"] not in unasked.stderr
    assert LocalStack(folder.home).running() is None


def _sockets(stack: StackUnderTest) -> Path:
    return Path(json.loads(stack.local.layout.details_file.read_text())["sockets"])


def _execute(stack: StackUnderTest, *statements: str, rows: int | None = None) -> None:
    link = psycopg2.connect(host=str(_sockets(stack) / "pg"), user="im", dbname="im_sandbox")
    with contextlib.closing(link), link, link.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
        assert rows is None or cursor.rowcount == rows
