"""Tables fit and cannot be steered by what is in them; JSON keeps its keys; times are the reader's own."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import click
import pytest

from im.cli.output import table
from im.cli.output.table import COLUMNS, instance_table, text_table
from im.cli.output.terminal import cells, plain
from im.domain.errors import Refused
from im.domain.state import Desired, Observed, OnExpiry
from im.views.words.times import ahead, end_of, local, sentence, span, time_left
from tests.unit.rows import NOW
from tests.unit.rows import RUNNING as ROW


@pytest.fixture(autouse=True)
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def test_absolute_times_are_local_and_as_long_as_they_have_to_be() -> None:
    assert local(NOW + timedelta(hours=2), NOW) == "15:00"
    assert local(NOW + timedelta(seconds=45), NOW) == "13:00:45"
    assert local(NOW + timedelta(days=1), NOW) == "Wed 13:00"
    assert local(NOW + timedelta(days=9), NOW) == "2030-01-10 13:00"


def test_spans_say_seconds_only_while_they_matter() -> None:
    assert span(timedelta(minutes=59, seconds=57)) == "59m"
    assert span(timedelta(minutes=9, seconds=57)) == "9m 57s"
    assert span(timedelta(hours=2, minutes=14)) == "2h 14m"
    assert ahead(NOW - timedelta(seconds=12), NOW) == "12s ago"


def test_one_instance_on_one_line() -> None:
    assert sentence(ROW, NOW) == "web-1: running 54.1.2.3 · ssh ec2-user@54.1.2.3 · stops 15:14 (in 2h 14m)"
    assert end_of(replace(ROW, on_expiry=OnExpiry.TERMINATE), NOW) == "terminates 15:14 (in 2h 14m)"


def test_a_machine_on_its_way_down_shows_neither_address_nor_deadline() -> None:
    going = replace(ROW, desired=Desired.TERMINATED, generation=2)
    assert sentence(going, NOW) == "web-1: terminating"


def test_time_left_counts_past_the_deadline_and_is_silent_for_what_does_not_run() -> None:
    assert time_left(replace(ROW, expires_at=NOW - timedelta(seconds=12)), NOW) == "12s over"
    assert time_left(replace(ROW, observed=Observed.STOPPED), NOW) == "-"


def test_a_table_with_room_has_every_column_and_says_sandbox_while_it_is_one() -> None:
    told = click.unstyle(instance_table([ROW], NOW, (), sandbox=True)).splitlines()
    assert told[0].split() == [
        "NAME",
        "ID",
        "PROVIDER",
        "TYPE",
        "ZONE",
        "STATUS",
        "IP",
        "TIME-LEFT",
        "EXPIRES",
        "$/H",
        "COST",
        "OWNER",
    ]
    assert told[1].split() == [
        *("web-1", "im-0000000001", "aws", "t2.nano", "us-east-1a", "running", "54.1.2.3", "2h", "14m", "15:14"),
        *("?", "?", "ada"),
    ]
    assert told[2].startswith("sandbox")
    assert "sandbox" not in instance_table([ROW], NOW, (), sandbox=False)


def test_a_stopped_machine_has_no_address_to_log_in_at() -> None:
    inside = replace(ROW, public_ip=None, private_ip="10.0.0.7")
    assert "10.0.0.7" in instance_table([inside], NOW, (), sandbox=False)
    assert "10.0.0.7" not in instance_table([replace(inside, observed=Observed.STOPPED)], NOW, (), sandbox=False)


@pytest.mark.parametrize(("room", "kept"), [(40, ["NAME", "STATUS", "IP", "TIME-LEFT"]), (10, ["NAME"])])
def test_a_narrow_terminal_loses_the_least_needed_first(
    monkeypatch: pytest.MonkeyPatch, room: int, kept: list[str]
) -> None:
    monkeypatch.setattr(table, "width", lambda: room)
    told = click.unstyle(instance_table([ROW], NOW, (), sandbox=False)).splitlines()
    assert told[0].split() == kept
    assert max(map(cells, told)) <= room


def test_columns_that_were_asked_for_stay_however_narrow_it_gets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "width", lambda: 10)
    told = click.unstyle(instance_table([ROW], NOW, ("CLOUD-ID", "NAME"), sandbox=False)).splitlines()
    assert told == ["CLOUD-ID  NAME", "i-0123    web-1"]


def test_an_unknown_column_is_refused_with_those_there_are() -> None:
    with pytest.raises(Refused, match="there is no column 'PRICE'") as caught:
        instance_table([ROW], NOW, ("PRICE",), sandbox=False)
    assert caught.value.hint == f"choose from {', '.join(COLUMNS)}"


@pytest.mark.parametrize(
    "owner", ["\x1b[31mred\x1b[0m", "a\nb", "[bold]x[/]", "\u202eevil", "\x9b2J", "\u200bhidden", "a\x00b"]
)
def test_what_the_cloud_or_a_user_says_never_steers_the_terminal(owner: str) -> None:
    told = click.unstyle(instance_table([replace(ROW, owner=owner)], NOW, ("OWNER",), sandbox=False))
    line = told.splitlines()[1]
    assert len(told.splitlines()) == 2
    assert not any(ord(c) < 32 or 0x7F <= ord(c) < 0xA0 or c in "\u202e\u200b" for c in line)
    assert plain("[bold]x[/]") == "[bold]x[/]"


def test_wide_characters_keep_the_columns_straight() -> None:
    told = text_table(["A", "B"], [["日本", "x"], ["ab", "y"]]).splitlines()
    assert [click.unstyle(line) for line in told] == ["A     B", "日本  x", "ab    y"]
