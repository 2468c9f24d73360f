"""`im adopt` and `im orphans` as people type them: what they write, say and refuse; the cloud is never called by the command."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from im.db import scopes
from im.domain.config.policy import OnOrphan, OnOutsideStart, OnOutsideStop, Policies
from im.domain.scope import Scope
from im.domain.state import Desired, Observed
from im.queue.tasks import Task
from im.services.health.doctor import diagnose
from tests.integration.cli.test_commands import traces
from tests.integration.typed import answer, run
from tests.world import World


@pytest.fixture
def lost(world: World) -> str:
    """An orphan, found by the first sweep of its scope."""
    with world.ctx.begin() as connection:
        scopes.ensure(connection, Scope("fake", "default", "fake-1"))
    machine = world.cloud.foreign("fake-1a", **{"im:deployment": world.deployment, "Name": "lost", "im:owner": "eve"})
    world.advance(125)
    return machine


# ---- adopt -----------------------------------------------------------------------------------------------------------


def test_adopt_says_what_will_become_of_it_and_calls_no_cloud(world: World) -> None:
    machine = world.cloud.foreign("fake-1a", Name="bobs")
    result = run(world, "adopt", machine, "-d", "4h", "--name", "old")
    assert result.exit_code == 0, result.stderr
    assert result.stdout.startswith(f"old: {machine} adopting · stops ")
    assert result.stdout.endswith("(in 4h), and is never terminated unasked\n")
    assert world.cloud.calls == []
    assert world.queue.rung[0].task is Task.ADOPT
    (row,) = answer(world, "list")
    assert (row["provider_id"], row["observed"], row["status"]) == (machine, "none", "adopting")
    told = dict(line.split(maxsplit=1) for line in run(world, "status", "old").stdout.splitlines()[1:4])
    assert (told["what"], told["where"]) == ("not known yet", "fake fake-1, account default")
    world.advance(5)
    (row,) = answer(world, "list")
    assert (row["status"], row["instance_type"], row["owner"]) == ("running", "small", "ada")
    assert run(world, "ssh", "old", "--print").stdout == f"ssh {row['public_ip']}\n"


def test_who_logs_in_can_be_said_because_no_cloud_knows(world: World) -> None:
    machine = world.cloud.foreign("fake-1a")
    run(world, "adopt", machine, "-d", "4h", "--name", "old", "--ssh-user", "ubuntu")
    world.advance(5)
    assert run(world, "ssh", "old", "--print").stdout == f"ssh ubuntu@{world.row('old').public_ip}\n"
    assert run(world, "adopt", machine, "-d", "4h", "--ssh-user", "-oProxyCommand=x").exit_code == 2


def test_waiting_ends_when_it_is_taken_in_or_refused(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("im.cli.output.wait.time.sleep", lambda _: None)
    machine = world.cloud.foreign("fake-1a")
    honest = world.queue.ring

    def ring(*args: object, **options: object) -> bool:
        honest(*args, **options)  # type: ignore[arg-type]
        world.advance(3)  # the worker is quick
        return True

    monkeypatch.setattr(world.queue, "ring", ring)
    monkeypatch.setattr(world, "deliver", _once(world))
    taken = run(world, "adopt", machine, "-d", "4h", "--name", "old", "--wait")
    assert taken.exit_code == 0, taken.stderr
    assert f"old: {machine} running " in taken.stdout
    refused = run(world, "adopt", "fake-999999", "-d", "4h", "--name", "none", "--wait")
    assert refused.exit_code == 3
    assert "none: there is no machine fake-999999 in fake-1 of account default" in refused.stderr
    assert run(world, "list", "--all", "-o", "name").stdout.split() == ["old", "none"]


def _once(world: World) -> object:
    """Deliver, without ringing in a circle from inside a ring."""
    honest, busy = world.deliver, []

    def deliver() -> None:
        if not busy:
            busy.append(True)
            honest()
            busy.clear()

    return deliver


BAD = [
    ("", 2, "which machine? Next: im adopt i-0123456789abcdef0 -d 4h; the cloud's own id"),
    ("fake-000001", 2, "for how long? Next: im adopt fake-000001 -d 4h, or --until 18:00"),
    ("web -d 4h", 2, "'web' is not a machine's id. Next: it looks like fake-000001"),
    ("i-123 -d 4h --provider aws --region us-east-1", 2, "'i-123' is not an EC2 instance id. Next: it looks like"),
    (
        "i-0123456789abcdef0 -d 4h --provider aws --region us-east",
        2,
        "--region=us-east is not a region. Next: set --reg",
    ),
    ("fake-000001 -d 4h --provider hyperstack", 2, "hyperstack is known but not available yet"),
    ("fake-000001 -d 4h --name Old", 2, "'Old' is no name"),
    ("$(reboot) -d 4h", 2, "'$(reboot)' can be neither a name nor an id"),
]


@pytest.mark.parametrize(("words", "status", "told"), BAD)
def test_bad_input_gets_one_line_and_leaves_no_trace(world: World, words: str, status: int, told: str) -> None:
    result = run(world, "adopt", *words.split())
    assert result.stderr.startswith(f"im: {told}")
    assert len(result.stderr.splitlines()) == 1
    assert (result.exit_code, result.stdout) == (status, "")
    assert traces(world) == {"instances": 0, "launches": 0, "events": 0}


def test_what_is_managed_already_says_as_what(world: World) -> None:
    world.create("web")
    world.advance(10)
    machine = str(world.row("web").provider_id)
    result = run(world, "adopt", machine, "-d", "4h")
    assert result.stderr == (
        f"im: {machine} is already managed as web. Next: im extend web -d 4h  moves its deadline\n"
    )
    assert result.exit_code == 2


# ---- orphans ---------------------------------------------------------------------------------------------------------


def test_the_list_of_none_is_a_sentence_and_an_empty_array(world: World) -> None:
    assert run(world, "orphans").stdout == "No orphans: every machine of ours has its row.\n"
    assert answer(world, "orphans") == []
    assert run(world, "list").stderr == ""


def test_the_list_shows_what_it_is_since_when_and_why(world: World, lost: str) -> None:
    head, line = run(world, "orphans").stdout.splitlines()
    assert head.split()[:7] == ["CLOUD-ID", "STATE", "TYPE", "ZONE", "IP", "NAME", "OWNER"]
    address = world.cloud.sight(world.cloud.visible(lost)).public_ip
    assert line.split()[:7] == [lost, "running", "small", "fake-1a", address, "lost", "eve"]
    assert line.endswith("it carries our tag, and no launch of ours made it")
    assert run(world, "orphans", "-q").stdout == f"{lost}\n"
    (one,) = answer(world, "orphans")
    assert (one["provider_id"], one["observed"], one["tags"]["Name"]) == (lost, "running", "lost")
    assert one["first_seen_at"].endswith("Z")
    assert one["seconds_known"] < 130


def test_list_and_doctor_mention_them_in_one_line(world: World, lost: str) -> None:
    world.create("web")
    world.advance(10)
    told = run(world, "list").stderr.splitlines()
    assert len(told) == 1
    assert told[0].startswith("1 machine of ours has no row, or no label any more, known for ")
    assert told[0].endswith("Next: im orphans")
    (check,) = diagnose(world.ctx.settings, "orphans")
    assert not check.ok
    assert check.detail.startswith("1 machine of ours has no row, or no label any more")
    assert check.fix == "im orphans  lists them, for you to decide"
    run(world, "orphans", "adopt", lost, "-d", "1h")
    (check,) = diagnose(world.ctx.settings, "orphans")
    assert check.ok


def test_one_is_adopted_under_its_own_name(world: World, lost: str) -> None:
    before = len(world.cloud.calls)
    result = run(world, "orphans", "adopt", lost, "-d", "4h")
    assert result.stdout.startswith(f"lost: {lost} adopting · stops ")
    assert len(world.cloud.calls) == before
    assert answer(world, "orphans") == []
    world.advance(5)
    assert world.word("lost") == "running"


def test_one_is_terminated_after_a_question(world: World, lost: str, monkeypatch: pytest.MonkeyPatch) -> None:
    nobody = run(world, "orphans", "terminate", lost)
    assert nobody.exit_code == 2
    assert "cannot be undone, and nobody is here to ask. Next: say it with -y" in nobody.stderr
    monkeypatch.setattr("im.cli.output.confirm.is_attended", lambda: True)
    no = run(world, "orphans", "terminate", lost, typed="n\n")
    assert f"{lost}  running  small  fake-1a  lost  eve" in no.stderr
    assert (no.exit_code, len(answer(world, "orphans"))) == (2, 1)
    yes = run(world, "orphans", "terminate", lost, typed="y\n")
    assert (yes.exit_code, yes.stdout) == (0, "lost: terminating\n")
    assert world.row("lost").desired is Desired.TERMINATED
    world.advance(15)
    assert world.row("lost").observed is Observed.TERMINATED


@pytest.mark.parametrize("words", [("adopt", "-d", "1h"), ("terminate", "-y")])
def test_what_is_no_orphan_is_not_found(world: World, lost: str, words: tuple[str, ...]) -> None:
    verb, *rest = words
    result = run(world, "orphans", verb, lost, "fake-999999", *rest)
    assert result.stderr.startswith("im: there is no orphan fake-999999. Next: im orphans  lists them")
    assert result.exit_code == 3
    assert len(answer(world, "orphans")) == 1


def test_errors_are_json_when_json_was_asked_for(world: World) -> None:
    result = run(world, "orphans", "adopt", "fake-999999", "-d", "1h", "--json")
    assert result.stdout == ""
    assert json.loads(result.stderr)["error"]["code"] == "not_found"
    assert json.loads(run(world, "orphans", "terminate", "--json").stderr)["error"]["message"] == "which machine?"


# ---- policies --------------------------------------------------------------------------------------------------------


def test_doctor_tells_the_policies(world: World) -> None:
    (usual,) = diagnose(world.ctx.settings, "drift")
    assert usual.detail == Policies().sentence
    assert "after the deadline: stopped again" in usual.detail
    other = replace(
        world.ctx.settings,
        on_outside_stop=OnOutsideStop.RESTART,
        on_outside_start=OnOutsideStart.STOP,
        on_orphan=OnOrphan.ADOPT,
    )
    (changed,) = diagnose(other, "drift")
    for word in ("stopped outside: started again", "with time left: stopped again", "orphan: adopted for an hour"):
        assert word in changed.detail
        assert word not in usual.detail
