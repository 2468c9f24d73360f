"""A program has a machine for as long as its block lasts, whatever happens in it, before it and after it."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from im.cli.backend.remote.wire import Cut, Unsent
from im.client import Client
from im.client.keeping import Keeping
from im.domain.errors import ImError, NotSignedIn, Refused, Unavailable, Uncertain, WaitTimedOut
from tests.integration.client.conftest import Program
from tests.integration.remote.test_loads import NEVER
from tests.integration.web.conftest import KEY
from tests.world import START


def test_it_runs_in_the_block_and_is_ended_behind_it(program: Program) -> None:
    world = program.world
    with program.create() as machine:
        assert (machine.name, machine.status) == ("job", "running")
        assert (machine.address, machine.user) == (world.row("job").public_ip, world.row("job").spec.ssh_user)
        assert machine.expires_at == START + timedelta(hours=2)
        assert world.row("job").on_expiry.value == "terminate"
        told = machine.rehearse_extend(timedelta(minutes=30))
        assert (told["usd_added"], machine.refresh().expires_at) == ("0.248000", START + timedelta(hours=2))
        assert machine.extend("30m").expires_at == START + timedelta(hours=2.5)
        assert machine.document["usd_added"] == told["usd_added"]
        assert [one.id for one in program.client.machines("owner=me")] == [machine.id]
    world.advance(30)
    assert world.machines() == []
    assert program.rows() == [("job", "terminated")]


@pytest.mark.parametrize("raised", [KeyboardInterrupt, ValueError])
def test_whatever_is_raised_it_is_ended_and_that_is_raised(program: Program, raised: type[BaseException]) -> None:
    with pytest.raises(raised), program.create():
        raise raised
    assert program.rows() == [("job", "terminated")]


@pytest.mark.parametrize(
    ("at_end", "wanted"), [("stop", "stopped"), ("nothing", "running"), ("terminate", "terminated")]
)
def test_what_becomes_of_it_is_a_choice(program: Program, at_end: str, wanted: str) -> None:
    with program.create(at_end=at_end):
        pass
    assert program.rows() == [("job", wanted)]
    ends = program.world.row("job").on_expiry.value
    assert ends == ("terminate" if at_end == "terminate" else "stop")


def test_what_is_gone_already_need_not_be_ended(program: Program) -> None:
    with program.create() as machine:
        machine.terminate()
        program.world.advance(30)
    with program.create(name="late", for_="2m"):
        program.world.advance(180)  # its deadline comes first
    assert set(program.rows()) == {("job", "terminated"), ("late", "terminated")}


def test_a_program_that_dies_costs_no_more_than_its_deadline(program: Program) -> None:
    program.create(for_="5m").__enter__()  # and nobody ever comes out
    program.world.advance(200)
    assert program.world.word("job") == "running"
    program.world.advance(120)
    assert program.world.machines() == []


def test_blocks_within_blocks(program: Program) -> None:
    def work() -> None:
        with program.create(name="outer"):
            with program.create(name="inner"):
                assert dict(program.rows()) == {"outer": "running", "inner": "running"}
            assert dict(program.rows()) == {"outer": "running", "inner": "terminated"}
            with program.create(name="next"):
                raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        work()
    assert set(dict(program.rows()).values()) == {"terminated"}


# ---- on the way into the block ---------------------------------------------------------------------------------------


def test_ctrl_c_while_it_waits_ends_it(program: Program) -> None:
    def interrupt(_: float) -> None:
        raise KeyboardInterrupt

    program.client.pause = interrupt
    with pytest.raises(KeyboardInterrupt), program.create():
        raise AssertionError("the block never begins")
    assert program.rows() == [("job", "terminated")]


def test_ctrl_c_in_the_middle_of_the_request_ends_what_came_of_it(program: Program) -> None:
    def interrupt(what: str, count: int) -> None:
        if what == "POST /instances" and count == 1:
            raise KeyboardInterrupt

    program.way.then = interrupt
    with pytest.raises(KeyboardInterrupt), program.create():
        raise AssertionError("the block never begins")
    assert program.rows() == [("job", "terminated")], "asked for once more under its key, to know which it is"


def test_a_lost_answer_makes_one_machine(program: Program) -> None:
    def lose(what: str, count: int) -> None:
        if what == "POST /instances" and count < 3:
            raise Cut("it closed the connection")

    program.way.then = lose
    with program.create(name=None):
        assert len(program.rows()) == 1
    assert [wanted for _, wanted in program.rows()] == ["terminated"]


def test_where_no_answer_came_at_all_it_is_ended_once_one_comes(program: Program) -> None:
    def lose(what: str, count: int) -> None:
        if what == "POST /instances" and count <= 3:
            raise Cut("it closed the connection")

    program.way.then = lose
    with pytest.raises(Uncertain), program.create():
        raise AssertionError("the block never begins")
    assert program.rows() == [("job", "terminated")]


def test_what_was_refused_is_not_asked_for_again(program: Program) -> None:
    with pytest.raises(Refused) as caught, program.create(instance_typ="t3.large"):
        raise AssertionError("the block never begins")
    assert caught.value.__notes__ == [f"Next: {caught.value.hint}"]  # a traceback shows both
    assert program.way.sent == ["POST /instances"]
    for wrong in ({"for_": "2"}, {"at_end": "burn"}, {"for_": "30s", "keep": True}):
        with pytest.raises(Refused):
            program.create(**wrong)
    assert program.rows() == []


def test_a_machine_that_never_comes_is_ended_and_said_so(program: Program) -> None:
    with pytest.raises(WaitTimedOut, match="job"), program.create(within=timedelta(0)):
        raise AssertionError("the block never begins")
    assert program.rows() == [("job", "terminated")]


def test_it_waits_until_its_port_answers(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, int]] = []

    def answers(host: str, port: int) -> bool:
        asked.append((host, port))
        return len(asked) == 3

    monkeypatch.setattr("im.client.reach.answers", answers)
    with program.create() as machine:
        assert asked == [(machine.address, 22)] * 3
    with program.create(name="blind", reach=False):
        assert len(asked) == 3


# ---- on the way out of it --------------------------------------------------------------------------------------------


def away(what: str, _: int) -> None:
    if what == "POST /instances:batch":
        raise Unsent("nobody listens there")


def test_an_end_that_fails_is_told_beside_what_was_raised(program: Program) -> None:
    def work() -> None:
        with program.create():
            program.way.before = away
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError) as caught:
        work()
    assert "job lives until 2030-01-01T14:00:00+00:00, its deadline, and no longer" in caught.value.__notes__[0]


def test_an_end_that_fails_is_raised_where_nothing_else_was(program: Program) -> None:
    with pytest.raises(Unavailable) as caught, program.create():
        program.way.before = away
    assert "its deadline" in caught.value.__notes__[-1]


# ---- a deadline that is kept ahead -----------------------------------------------------------------------------------


def test_the_deadline_is_kept_ahead_while_the_block_lasts(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    world, turns = program.world, iter([False, False, False, True])
    waited: list[float] = []

    def wait(seconds: float) -> bool:
        waited.append(seconds)
        return next(turns)

    def failing(what: str, count: int) -> None:
        if what == "POST /instances:batch" and count == 2:
            raise Unsent("nobody listens there")

    program.way.before = failing
    rental = program.create(for_="30m", keep=True)
    assert rental._keeping is not None
    monkeypatch.setattr(rental._keeping, "wait", wait)
    with rental as machine:
        rental._keeping._thread.join(30)
        assert waited == [600.0] * 4
        assert machine.refresh().expires_at == START + timedelta(minutes=50), "one of three extends never arrived"
    assert program.rows() == [("job", "terminated")]
    assert [one.kind for one in world.story("job")].count("extended") == 2


def test_no_extend_comes_after_the_end() -> None:
    calls: list[timedelta] = []
    keeping = Keeping(calls.append, timedelta(minutes=3))
    keeping.start()
    keeping.stop()
    assert not keeping._thread.is_alive()
    assert calls == []


# ---- the client itself -----------------------------------------------------------------------------------------------


def test_ssh_goes_the_way_of_im_ssh(program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ssh = tmp_path / "ssh"
    ssh.write_text('#!/bin/sh\necho "$@"\nexit 7\n')
    ssh.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    with program.create() as machine:
        done = machine.ssh("nvidia-smi", "-L", capture_output=True, text=True)
        where = machine.address if machine.user is None else f"{machine.user}@{machine.address}"
    assert (done.returncode, done.stdout.split()) == (7, [where, "nvidia-smi", "-L"]), done.stderr


def test_gpus_are_asked_for_on_any_cloud(program: Program) -> None:
    form = program.client.create(gpu="h100:1", for_="2h", public_key=KEY, max_price="4")._form
    assert (form["provider"], form["options"], form["max_price"]) == ("any", {"gpu": "h100:1"}, "4")
    form = program.client.create(gpu="h100", for_="2h", public_key=KEY, provider="gcp")._form
    assert form["provider"] == "gcp"


def test_without_an_address_or_a_token_it_says_what_to_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("IM_API_URL", "IM_TOKEN", "IM_DATABASE_URL", "IM_BROKER_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    with pytest.raises(NotSignedIn, match="no API is named"):
        Client()
    with pytest.raises(ImError, match="token"):
        Client("https://im.example.com")
    with pytest.raises(ImError, match="in the clear"):
        Client("http://im.example.com", "im_pat_x")
    monkeypatch.setenv("IM_API_URL", "https://im.example.com")
    monkeypatch.setenv("IM_TOKEN", "im_pat_x")
    assert Client().environment["IM_API_URL"] == "https://im.example.com"


def test_it_loads_neither_a_database_nor_a_broker_nor_a_cloud() -> None:
    told = f"import sys, im.client; print(*[m for m in {(*NEVER, 'click')!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == ""
