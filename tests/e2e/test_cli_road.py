"""The whole road by typed commands, on a terminal and without one; the sandbox cloud is asked what really happened."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import StackUnderTest

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHUvTP2ZzNfVJzGwDgnBpGmGH1GSUSbY0yV9r9eoyv6z me\n"


@pytest.fixture
def key(tmp_path: Path) -> str:
    file = tmp_path / "id.pub"
    file.write_text(KEY)
    return str(file)


@pytest.fixture
def names(stack: StackUnderTest) -> Iterator[list[str]]:
    """Names this test uses; whatever lives under them is ended afterwards."""
    used: list[str] = []
    yield used
    if used:
        stack.run("terminate", *used, "-y", "--wait")


class Terminal:
    """An `im` process on a terminal of its own, 100 columns wide."""

    def __init__(self, stack: StackUnderTest, *words: str) -> None:
        self._fd, inner = pty.openpty()
        kept = {k: v for k, v in stack.environ.items() if k not in ("NO_COLOR", "TERM")}
        environ = {**kept, "TERM": "xterm", "COLUMNS": "100", "LINES": "30"}
        self.process = subprocess.Popen(
            stack.command(*words), env=environ, stdin=inner, stdout=inner, stderr=inner, start_new_session=True
        )
        os.close(inner)
        self.shown = ""

    def until(self, pattern: str, seconds: float = 120) -> str:
        """Read until `pattern` has been shown; the whole screen so far, without colours."""
        end = time.monotonic() + seconds
        while not re.search(pattern, self.text):
            assert time.monotonic() < end, f"never shown: {pattern}\n{self.text}"
            self._read(0.2)
        return self.text

    def end(self, seconds: float = 60) -> int:
        limit = time.monotonic() + seconds
        while self._read(0.2) or self.process.poll() is None:
            assert time.monotonic() < limit, self.text
        os.close(self._fd)
        return self.process.wait()

    @property
    def text(self) -> str:
        return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", self.shown)

    def type(self, text: str) -> None:
        os.write(self._fd, text.encode())

    def _read(self, seconds: float) -> bool:
        if not select.select([self._fd], [], [], seconds)[0]:
            return False
        try:
            read = os.read(self._fd, 65536)
        except OSError:  # the other side is closed
            return False
        self.shown += read.decode(errors="replace")
        return bool(read)


def told(stack: StackUnderTest, *words: str) -> Any:
    done = stack.run(*words, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def state(stack: StackUnderTest, machine: str) -> str:
    ec2 = stack.ec2()
    answered = ec2.describe_instances(InstanceIds=[machine])
    ec2.close()
    return str(answered["Reservations"][0]["Instances"][0]["State"]["Name"])


def test_created_stopped_by_its_deadline_extended_stopped_and_ended(
    stack: StackUnderTest, key: str, names: list[str]
) -> None:
    names.append("road")
    made = told(stack, "create", "--provider", "aws", "-d", "12s", "--public-key", key, "--name", "road", "--wait")[0]
    machine = made["provider_id"]
    assert made["status"] == state(stack, machine) == "running"
    assert stack.run("ssh", "road", "--print").stdout == f"ssh ec2-user@{made['public_ip']}\n"

    end = time.monotonic() + 30
    while state(stack, machine) != "stopped":
        assert time.monotonic() < end, stack.run("history", "road").stdout
        time.sleep(0.2)
    while not (seen := told(stack, "status", "road")[0])["settled"]:
        assert time.monotonic() < end, seen
    assert seen["status"] == "stopped (ttl)"

    woken = told(stack, "extend", "--instance-id", machine, "--duration", "30m", "--wait")[0]
    assert woken["status"] == state(stack, machine) == "running"
    assert woken["provider_id"] == machine
    assert told(stack, "stop", "--instance-id", machine, "--wait")[0]["status"] == state(stack, machine) == "stopped"
    assert stack.run("terminate", "road", "-y", "--wait").stdout == "road: terminated\n"
    assert state(stack, machine) == "terminated"
    gone = stack.run("extend", "road", "-d", "1h")
    assert gone.stderr.startswith(
        "im: road is gone and cannot be extended. Next: im create --name road --provider aws "
    )
    assert gone.stderr.endswith("--public-key FILE -d 1h  makes the same again\n")
    assert gone.returncode == 2
    names.clear()


def test_on_a_terminal_create_waits_and_draws_list_has_colour_and_terminate_asks(
    stack: StackUnderTest, key: str, names: list[str]
) -> None:
    names.append("drawn")
    terminal = Terminal(stack, "create", "--public-key", key, "--name", "drawn", "-d", "1h")
    terminal.until(r"drawn: launching…")
    shown = terminal.until(r"drawn: running 54\.\S+ · ssh ec2-user@54\.\S+ · stops (\w+ )?\S+ \(in 59m\)")
    assert "sandbox" in terminal.until("sandbox")
    assert terminal.end() == 0, shown

    terminal = Terminal(stack, "list")
    shown = terminal.until("sandbox: these machines are not real")
    assert terminal.end() == 0
    assert "\x1b[32mrunning\x1b[0m" in terminal.shown
    assert max(len(line) for line in shown.splitlines()) <= 100
    plain = stack.run("list").stdout
    assert "\x1b" not in plain
    assert plain.splitlines()[-1].startswith("sandbox")

    terminal = Terminal(stack, "terminate", "drawn")
    terminal.until(r"Terminate drawn for good, disk and all\? \[y/N\]")
    terminal.type("n\n")
    terminal.until("nothing was terminated")
    assert terminal.end() == 2
    assert told(stack, "status", "drawn")[0]["desired"] == "running"


def test_on_a_terminal_many_are_counted_by_a_bar(stack: StackUnderTest, key: str, names: list[str]) -> None:
    names += [f"bar-{n}" for n in range(1, 6)]
    terminal = Terminal(stack, "create", "--public-key", key, "--name", "bar", "--count", "5", "-d", "1h")
    terminal.until(r"\d/5 ")
    terminal.until(r"bar-5: running ")
    assert terminal.end() == 0


def test_watch_shows_it_again_until_ctrl_c(stack: StackUnderTest) -> None:
    terminal = Terminal(stack, "list", "--watch", "--json")
    terminal.until(r"\[.*\]\s+\[.*\]\s")
    terminal.process.send_signal(signal.SIGINT)
    assert terminal.end() == 130
    assert "Traceback" not in terminal.text


def test_ctrl_c_while_waiting_says_that_the_work_goes_on(stack: StackUnderTest, database_url: str, key: str) -> None:
    """On a database of its own, which no worker looks at: the wait would last for ever."""
    alone = {"IM_DATABASE_URL": database_url, "IM_BROKER_URL": "redis://127.0.0.1:1/0"}
    # real services, so not the sandbox: whoever may log in would be looked up on the Internet
    words = ("create", "--public-key", key, "--name", "left", "--ssh-from", "none", "--wait")
    with subprocess.Popen(
        stack.command(*words), env={**stack.environ, **alone}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as waiting:
        assert waiting.stderr is not None
        told_first = [waiting.stderr.readline(), waiting.stderr.readline()]
        assert told_first[1].startswith("left: launching"), told_first
        waiting.send_signal(signal.SIGINT)
        out, err = waiting.communicate(timeout=20)
    assert err == "im: stopped waiting for left; the work goes on. Next: im status left\n"
    assert out.startswith("left: launching")
    assert waiting.returncode == 130
    assert stack.run("list", "-o", "name", environ=alone).stdout == "left\n"


def test_doctor_finds_nothing_wrong_and_says_what_it_asked(stack: StackUnderTest) -> None:
    found = told(stack, "doctor")
    assert found["ok"]
    assert found["sandbox"]
    assert {c["name"] for c in found["checks"]} >= {
        *("database", "migrations", "broker", "workers", "beat, refresh", "beat, enforce ttl", "deadlines", "clocks"),
        *("cloud", "cloud, endpoint", "cloud, identity", "cloud, image", "cloud, launch"),
        *("drift", "orphans", "overrun", "prices", "guards", "notices"),
    }
    table = stack.run("doctor")
    assert table.returncode == 0
    assert "FAIL" not in table.stdout
    assert "redis://127.0.0.1:" in table.stdout  # addresses are shown, passwords are not


def test_doctor_on_a_broker_without_workers_says_how_to_start_one(stack: StackUnderTest) -> None:
    # database number 1 of the same broker: it answers, and nobody listens there
    lonely = stack.broker_url.removesuffix("/0") + "/1"
    named = {"IM_DATABASE_URL": stack.database_url, "IM_BROKER_URL": lonely, "IM_SANDBOX_URL": stack.sandbox_url}
    done = stack.run("doctor", environ=named)
    assert done.returncode == 1
    assert "workers FAIL no worker answers" in " ".join(done.stdout.split())
    assert "→ im up  on this machine; a fleet: im service, or im worker and im beat" in done.stdout
