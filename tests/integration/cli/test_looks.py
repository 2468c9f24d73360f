"""Commands that only look: list, status, history, ssh."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import text

from tests.integration.typed import answer, run
from tests.world import World

pytestmark = [pytest.mark.usefixtures("way"), pytest.mark.sampled(every=2)]


def test_an_empty_list_says_what_to_type_and_is_an_empty_array_in_json(world: World) -> None:
    assert run(world, "list").stdout.startswith("No living instances.  im create --public-key")
    assert answer(world, "list") == []
    assert run(world, "list", "-q").stdout == ""


def test_the_list_shows_the_living_and_all_shows_the_closed(world: World) -> None:
    world.create("web", count=2)
    world.advance(10)
    world.terminate("web-2")
    world.advance(30)
    assert run(world, "list", "-o", "name").stdout == "web-1\n"
    assert set(run(world, "list", "--all", "-o", "name").stdout.split()) == {"web-1", "web-2"}
    assert run(world, "status", "-o", "name").stdout == "web-1\n"
    assert run(world, "list", "--filter", "status=terminated").stdout.startswith("No instance fits the filter")


def test_a_filter_by_status_takes_the_first_word_too(world: World) -> None:
    world.create("web", seconds=5)
    world.advance(60)
    assert run(world, "list", "--filter", "status=stopped", "-c", "name,status").stdout.split("\n")[1] == (
        "web   stopped (ttl)"
    )


def test_old_facts_are_said_to_be_old_and_fresh_ones_are_not(world: World) -> None:
    world.create("web")
    world.advance(20)
    assert run(world, "list").stderr == ""
    world.beat = False
    world.advance(60)
    told = run(world, "list").stderr
    assert told.startswith("what is known of fake/default/fake-1 is 1m")
    assert "im doctor" in told


def test_status_tells_one_instance_in_full(world: World) -> None:
    world.create("web")
    world.advance(10)
    told = run(world, "status", "web").stdout
    row = world.row()
    for word in (row.id, str(row.provider_id), f"ssh fake@{row.public_ip}", "by ada, user", "create requested"):
        assert word in told
    detail = answer(world, "status", "web")[0]
    assert [event["kind"] for event in detail["events"]] == world.kinds()
    assert detail["facts_age_seconds"] is not None


def test_status_of_nobody_is_exit_code_3(world: World) -> None:
    world.create("web")
    result = run(world, "status", "wbe")
    assert result.stderr == "im: there is no instance 'wbe'. Did you mean web?\n"
    assert run(world, "start", "web", "1h").stderr == (
        "im: there is no instance '1h'. Next: for how long is said by -d 1h\n"
    )
    assert result.exit_code == 3
    as_json = run(world, "status", "nope", "--json")
    assert json.loads(as_json.stderr)["error"]["code"] == "not_found"
    assert as_json.stdout == ""


def test_history_is_one_line_for_each_event_with_actor_and_reason(world: World) -> None:
    world.create("web", seconds=5)
    world.advance(60)
    lines = run(world, "history", "web").stdout.splitlines()
    assert len(lines) == len(world.kinds()) + 1
    assert any("ttl" in line and "expired" in line for line in lines)
    told = answer(world, "history", "--instance-id", world.row().id)
    assert [event["kind"] for event in told] == world.kinds()
    assert set(told[0]) == {"at", "kind", "actor", "reason", "generation", "detail", "channel", "request_id"}


def test_history_tells_a_program_by_which_channel_each_came_and_of_which_request(world: World) -> None:
    world.create("web", seconds=3600)
    world.advance(10)
    assert run(world, "stop", "web").exit_code == 0
    world.advance(10)
    told = {event["kind"]: event for event in answer(world, "history", "web")}
    assert told["create requested"]["channel"] == "cli"
    assert (told["launch sent"]["channel"], told["launched"]["channel"]) == ("im", "cloud")
    assert told["stop requested"]["request_id"] != told["create requested"]["request_id"]
    assert told["launch sent"]["request_id"] is None, "what a worker does comes of what is desired"


def test_events_of_a_version_that_kept_no_channel_are_shown_all_the_same(world: World) -> None:
    world.create("web")
    with world.ctx.begin() as connection:
        connection.execute(text("UPDATE events SET channel = NULL, request_id = NULL"))
    (event, *_) = answer(world, "history", "web")
    assert (event["actor"], event["channel"], event["request_id"]) == ("ada", None, None)
    assert "create requested" in run(world, "history", "web").stdout


def test_ssh_prints_the_line_and_refuses_with_the_reason(world: World) -> None:
    world.create("web")
    early = run(world, "ssh", "web", "--print")
    assert early.stderr == "im: web is launching; there is nothing to log in to. Next: im status web\n"
    assert early.exit_code == 2
    world.advance(10)
    line = f"ssh fake@{world.row().public_ip}"
    assert run(world, "ssh", "web", "--print").stdout == f"{line}\n"
    assert run(world, "ssh", "web", "--print", "--", "-L", "1:a b:2").stdout == f"{line} -L '1:a b:2'\n"
    world.stop("web")
    world.advance(10)
    assert "im extend web -d 1h  wakes it" in run(world, "ssh", "web").stderr


def test_ssh_hands_over_to_the_systems_own(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.create("web")
    world.advance(10)
    handed: list[Any] = []
    monkeypatch.setattr("shutil.which", lambda _: "/usr/bin/ssh")
    monkeypatch.setattr("os.execvp", lambda *a: handed.append(a))
    run(world, "ssh", "web", "--", "uptime")
    assert handed == [("ssh", ["ssh", f"fake@{world.row().public_ip}", "uptime"])]
