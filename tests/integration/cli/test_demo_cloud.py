"""What the demo asks of the cloud can be answered with no: then it says so instead of applauding."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from im.cli.commands import demo
from im.cli.commands.demo_cloud import Cloud
from im.cli.main import im
from im.domain.errors import Unavailable
from im.domain.lifecycle import Ending, ending
from tests.world import World


def _cloud(world: World) -> Cloud:
    return Cloud(world.ctx, lambda _: world.advance(0.5))


def _no_words(_text: str, _left: int) -> None:
    pass


def test_a_state_is_seen_when_the_cloud_and_the_row_agree(world: World) -> None:
    row = world.create("demo")[0]
    world.advance(10)
    row = world.row("demo")
    assert _cloud(world).seen("demo", "running") == f"{row.provider_id} running {row.public_ip}"


def test_a_row_that_claims_what_the_cloud_does_not_say_is_caught(world: World) -> None:
    world.create("demo")
    world.advance(10)
    world.tamper("demo", observed="stopped")
    with pytest.raises(Unavailable, match="the cloud says running, im says stopped; both should say stopped"):
        _cloud(world).seen("demo", "stopped")


def test_a_wrong_address_is_caught(world: World) -> None:
    world.create("demo")
    world.advance(10)
    world.tamper("demo", public_ip="192.0.2.9")
    with pytest.raises(Unavailable, match=r"the cloud's address is 198\.18\.0\.\d+, im says 192\.0\.2\.9"):
        _cloud(world).seen("demo", "running")


def test_no_machine_and_a_machine_nobody_knows_are_caught(world: World) -> None:
    world.create("demo")
    with pytest.raises(Unavailable, match="demo has no machine"):
        _cloud(world).seen("demo", "running")
    world.advance(10)
    machine = world.row("demo").provider_id
    assert machine is not None
    world.cloud.vanish(machine)
    with pytest.raises(Unavailable, match=f"the cloud does not know {machine}"):
        _cloud(world).seen("demo", "running")


def test_the_deadline_is_watched_to_its_end(world: World) -> None:
    world.create("demo", seconds=15)
    world.advance(10)
    told: list[int] = []
    late = _cloud(world).stopped_by_deadline("demo", lambda _, left: told.append(left))
    assert 0 <= late <= 2
    assert told[0] == 5
    assert world.row("demo").settled


def test_a_stop_before_the_deadline_is_no_stop_by_the_deadline(world: World) -> None:
    world.create("demo", seconds=60)
    world.advance(10)
    world.stop("demo")
    with pytest.raises(Unavailable, match=r"before its deadline"):
        _cloud(world).stopped_by_deadline("demo", _no_words)


def test_a_machine_that_runs_on_is_given_up_after_a_minute(world: World) -> None:
    world.create("demo", seconds=15)
    world.advance(10)
    world.worker = False
    with pytest.raises(Unavailable, match=r"demo still runs 6\d s after its deadline"):
        _cloud(world).stopped_by_deadline("demo", _no_words)


def test_a_demo_whose_stack_does_not_come_up_fails_in_one_line_and_leaves_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def ill(*_: object) -> None:
        raise Unavailable("valkey does not come up: no memory", "read its log")

    monkeypatch.setattr("im.stack.local.LocalStack.up", ill)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    result = CliRunner().invoke(im, ["demo"])
    assert result.exit_code == 1
    assert result.stderr.splitlines()[-1] == (
        "im: the demo failed: valkey does not come up: no memory. Next: read its log"
    )
    assert list(tmp_path.iterdir()) == []


def test_a_command_that_fails_in_the_demo_ends_it() -> None:
    with pytest.raises(Unavailable, match="`im status` ended with exit code 1"):
        demo._type({"IM_DATABASE_URL": "postgresql://127.0.0.1:1/im"}, "status", "demo")


@pytest.mark.parametrize(
    ("asleep", "expected"),
    [([0], "demo"), ([13, 0], "demo-slow"), ([20, 0], "demo-slow")],
    ids=["in time", "up with nothing left to see", "its deadline came first"],
)
def test_where_everything_crawls_it_tries_once_more_with_more_time(
    world: World, monkeypatch: pytest.MonkeyPatch, asleep: list[float], expected: str
) -> None:
    def typed(_environ: object, _verb: str, *words: str) -> int:
        """`im create --wait` of a fleet that sleeps first."""
        said = dict(zip(words[::2], words[1::2], strict=False))
        world.worker = False
        row = world.create(said["--name"], seconds=float(said["-d"].removesuffix("s")))[0]
        world.advance(asleep.pop(0))
        world.worker = True
        while (end := ending(world.row(said["--name"]), row.generation)) is Ending.OPEN:
            world.advance(0.5)
        return {Ending.SETTLED: 0, Ending.SUPERSEDED: 8}[end]

    monkeypatch.setattr(demo, "_typed", typed)
    assert demo._created({}, Path("key.pub"), _cloud(world)) == expected
    assert world.at_cloud(expected) == "running"
    assert asleep == []
