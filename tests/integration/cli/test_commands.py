"""Commands over a real Postgres: what they write, what they say, what they refuse, and that a refusal leaves no trace."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from im.domain.state import Desired, Observed
from im.queue.tasks import Task
from tests.integration.typed import answer, run
from tests.world import World

pytestmark = [pytest.mark.usefixtures("way"), pytest.mark.sampled(every=2)]


def traces(world: World) -> dict[str, int]:
    with world.ctx.begin() as connection:
        tables = ("instances", "launches", "events")
        return {t: connection.execute(text(f"SELECT count(*) FROM {t}")).scalar_one() for t in tables}


# ---- create ----------------------------------------------------------------------------------------------------------


def test_create_writes_the_wish_rings_and_says_until_when(world: World, key: str) -> None:
    result = run(world, "create", "--public-key", key, "--name", "web", "-d", "2h")
    assert result.exit_code == 0
    assert result.stdout.startswith("web: launching · stops ")
    row = world.row("web")
    assert row.expires_at == world.now + timedelta(hours=2)
    assert row.owner == row.by == "ada"
    assert world.queue.rung[0].task is Task.CREATE


def test_the_seeds_way_with_options_before_the_command(world: World, key: str) -> None:
    result = run(world, "--verbose", "-d", "1m", "create", "--public-key", key)
    assert result.exit_code == 0
    assert world.row(result.stdout.partition(":")[0]).expires_at == world.now + timedelta(minutes=1)


def test_without_a_duration_it_is_an_hour(world: World, key: str) -> None:
    assert answer(world, "create", "--public-key", key)[0]["expires_at"] == "2030-01-01T13:00:00.000Z"


def test_several_are_numbered_and_json_lists_them_all(world: World, key: str) -> None:
    told = answer(world, "create", "--public-key", key, "--name", "web", "--count", "3")
    assert [one["name"] for one in told] == ["web-1", "web-2", "web-3"]
    assert {one["previous_expires_at"] for one in told} == {None}


def test_quiet_prints_ids_and_o_name_prints_names(world: World, key: str) -> None:
    quiet = run(world, "create", "--public-key", key, "--name", "a", "-q")
    assert quiet.stdout == f"{world.row('a').id}\n"
    assert run(world, "create", "--public-key", key, "--name", "b", "-o", "name").stdout == "b\n"


def test_a_dry_run_says_what_it_would_do_and_writes_nothing(world: World, key: str) -> None:
    result = run(world, "create", "--public-key", key, "--name", "web", "--count", "2", "--dry-run")
    assert "would launch  2 × small" in result.stdout
    assert "web-1, web-2" in result.stdout
    plan = answer(world, "create", "--public-key", key, "--dry-run", "--count", "2")
    assert (plan["dry_run"], plan["count"], plan["on_expiry"]) == (True, 2, "stop")
    assert traces(world) == {"instances": 0, "launches": 0, "events": 0}
    assert world.queue.rung == []


def test_a_broker_that_is_away_is_said_and_the_wish_is_kept(world: World, key: str) -> None:
    world.queue.down = True
    result = run(world, "create", "--public-key", key, "--name", "web")
    assert result.exit_code == 0
    assert result.stderr.startswith(
        "the broker did not answer; this is stored, and the next tick (10 s) carries it out"
    )
    world.queue.down = False
    world.advance(15)
    assert world.row("web").observed is Observed.RUNNING


BAD = [
    ("--name Web", 2, "'Web' is no name: use a-z, 0-9 and -, a letter first, at most 63 characters. Did you mean web?"),
    ("--name im-1", 2, "'im-1' looks like an id, not a name. Next: choose a name"),
    ("--name $(reboot)", 2, "'$(reboot)' is no name"),
    ("--count 0", 2, "0 machines at once is not possible. Next: ask for 1 to 1000"),
    ("--count 1001", 2, "1001 machines at once is not possible. Next: ask for 1 to 1000"),
    ("--count many", 2, "invalid value for '--count': 'many' is not a valid integer"),
    ("--provider hyperstack", 2, "hyperstack is known but not available yet: a machine there that is off is billed in full"),
    ("--provider awz", 2, "unknown provider 'awz'. Did you mean aws?"),
    ("--provider aws --availability-zone us-east-1ab", 2, "'us-east-1ab' is not an availability zone. Did you mean us-east-1a or"),
    ("-d 0s", 2, "'0s' is no time at all"),
    ("-d 1000w", 2, "'1000w' is longer than a year"),
    ("-d -5m", 2, "'-5m' is not a duration"),
    ("-d 1e12", 2, "'1e12' is not a duration"),
    ("--name münchen", 2, "'münchen' is no name"),
    ("--name ;reboot", 2, "';reboot' is no name"),
    ("--count -1", 2, "-1 machines at once is not possible. Next: ask for 1 to 1000"),
    ("-d 60", 2, "'60' has no unit. Next: say 60m for minutes or 60h for hours"),
    ("--until 2001-01-01", 2, "2001-01-01 is in the past"),
    ("--public-key /nowhere/id.pub", 2, "there is no file /nowhere/id.pub"),
    ("--public-key /dev/zero", 2, "/dev/zero is too big for a public key"),
]  # fmt: skip


@pytest.mark.parametrize(("options", "status", "told"), BAD)
def test_bad_input_gets_one_line_its_code_and_leaves_no_trace(
    world: World, key: str, options: str, status: int, told: str
) -> None:
    result = run(world, "create", "--public-key", key, *options.split())
    assert result.stderr.startswith(f"im: {told}")
    assert len(result.stderr.splitlines()) == 1
    assert result.exit_code == status
    assert result.stdout == ""
    assert traces(world) == {"instances": 0, "launches": 0, "events": 0}
    assert world.queue.rung == []


def test_a_name_that_is_taken_is_refused_and_says_where_to_look(world: World, key: str) -> None:
    world.create("web")
    before = traces(world)
    result = run(world, "create", "--public-key", key, "--name", "web")
    assert result.stderr == "im: the name web is taken. Next: choose another, or look at it: im status web\n"
    assert result.exit_code == 2
    assert traces(world) == before


# ---- extend, start, stop, terminate ----------------------------------------------------------------------------------


def test_extend_answers_old_and_new_in_absolute_time(world: World) -> None:
    world.create("web", seconds=3600)
    world.advance(10)
    result = run(world, "extend", "web", "-d", "2h")
    old, new = (f"{(world.now.replace(hour=h, second=0)).astimezone():%H:%M}" for h in (13, 15))
    assert result.stdout == f"web: stops {old} → {new} (in 2h 59m) · $0.99 more, $1.49 until then\n"
    assert answer(world, "extend", "web", "-d", "1h")[0]["previous_expires_at"] == "2030-01-01T15:00:00.000Z"


def test_extend_wakes_a_stopped_one_and_no_start_does_not(world: World) -> None:
    world.create("web", seconds=5)
    world.advance(60)
    assert world.row().observed is Observed.STOPPED
    run(world, "extend", "web", "-d", "1h", "--no-start")
    assert world.row().desired is Desired.STOPPED
    told = run(world, "extend", "web", "-d", "1h").stdout
    assert " · starting · $0.99 more" in told
    assert world.row().desired is Desired.RUNNING


def test_an_instance_is_found_by_name_by_our_id_by_the_clouds_id_and_by_option(world: World) -> None:
    world.create("web")
    world.advance(10)
    row = world.row()
    assert row.provider_id is not None
    for words in (
        ["web"],
        [row.id],
        [row.provider_id],
        ["--instance-id", row.provider_id],
        ["web", "--instance-id", row.id],
    ):
        assert [one["id"] for one in answer(world, "stop", *words)] == [row.id]


def test_one_bad_name_among_several_and_none_is_changed(world: World) -> None:
    world.create("web", count=2)
    world.advance(10)
    before = traces(world)
    result = run(world, "stop", "web-1", "web-2", "web-3")
    assert result.stderr.startswith("im: there is no instance 'web-3'. Did you mean web-")
    assert result.exit_code == 3
    assert traces(world) == before


def test_one_that_cannot_be_among_several_and_none_is_changed(world: World) -> None:
    world.create("web", count=2)
    world.advance(10)
    world.terminate("web-2")
    before = traces(world)
    result = run(world, "extend", "web-1", "web-2", "-d", "1h")
    assert "web-2 is being terminated and cannot be extended; none of the 2 was changed" in result.stderr
    assert result.exit_code == 2
    assert traces(world) == before


def test_all_passes_over_what_cannot_be_and_says_so(world: World) -> None:
    world.create("web", count=2)
    world.advance(10)
    world.terminate("web-2")
    result = run(world, "extend", "--all", "-d", "1h")
    assert result.exit_code == 0
    assert "left out: web-2 is being terminated and cannot be extended" in result.stderr
    assert result.stdout.startswith("web-1: stops ")


def test_a_filter_takes_the_matching_ones_only(world: World) -> None:
    world.create("mine")
    world.create("hers", actor="eve")
    world.advance(10)
    assert [one["name"] for one in answer(world, "stop", "--filter", "owner=me")] == ["mine"]
    nobody = run(world, "stop", "--filter", "owner=bob", "--filter", "type=huge")
    assert nobody.stderr == "im: no living instance has owner=bob and type=huge. Next: im list --all\n"
    assert nobody.exit_code == 3


def test_terminate_asks_with_a_list_and_no_means_no(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.create("web")
    world.advance(10)
    monkeypatch.setattr("im.cli.output.confirm.is_attended", lambda: True)
    result = run(world, "terminate", "web", typed="n\n")
    assert f"web  {world.row().id}" in result.stderr
    assert "Terminate web for good, disk and all? [y/N]" in result.stderr
    assert result.exit_code == 2
    assert world.row().desired is Desired.RUNNING
    assert run(world, "terminate", "web", typed="y\n").exit_code == 0
    assert world.row().desired is Desired.TERMINATED


def test_terminate_without_a_terminal_refuses_until_it_is_told_yes(world: World) -> None:
    world.create("web")
    world.advance(10)
    result = run(world, "terminate", "web")
    assert result.stderr == ("im: terminating web cannot be undone, and nobody is here to ask. Next: say it with -y\n")
    assert result.exit_code == 2
    assert world.row().desired is Desired.RUNNING
    assert run(world, "terminate", "web", "-y").stdout == "web: terminating\n"


def test_a_dry_run_of_a_change_tells_it_and_writes_nothing(world: World) -> None:
    world.create("web")
    world.advance(10)
    before = traces(world)
    told = run(world, "terminate", "web", "--dry-run").stdout
    assert told == "would terminate web: running → terminated · the root disk is deleted\n"
    assert run(world, "extend", "web", "-d", "1h", "--dry-run").stdout.startswith("would extend web: stops ")
    assert answer(world, "stop", "web", "--dry-run")[0]["desired"] == "stopped"
    assert traces(world) == before


def test_start_after_the_deadline_needs_a_duration(world: World) -> None:
    world.create("web", seconds=5)
    world.advance(60)
    result = run(world, "start", "web")
    assert result.stderr == "im: the deadline of web passed 55s ago. Next: say for how long: im start web -d 1h\n"
    assert result.exit_code == 2
    assert run(world, "start", "web", "-d", "1h").exit_code == 0


# ---- list, status, history, ssh --------------------------------------------------------------------------------------
