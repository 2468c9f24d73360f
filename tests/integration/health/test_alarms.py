"""Degraded enforcement is loud: who cannot be seen or stopped, since when, how many, how long and for how much."""

from __future__ import annotations

from datetime import timedelta

from click.testing import CliRunner

from im.cli.main import im
from im.cli.session import Session
from im.domain.state import Observed
from im.providers.errors import Forbidden, Unavailable
from im.services import queries
from im.services.health.metrics import exposition
from tests.world import World


def test_all_is_well_and_nothing_is_said(world: World) -> None:
    world.create(seconds=30)
    world.advance(120)
    assert queries.listing(world.ctx).alarms == ()
    assert "im_past_deadline_machines{" not in exposition(world.ctx)


def test_a_stop_on_its_way_is_no_alarm_yet(world: World) -> None:
    world.cloud.takes = timedelta(seconds=20)
    world.create(seconds=60)
    world.advance(65)
    assert queries.listing(world.ctx).alarms == ()


def test_a_scope_that_cannot_be_seen_says_how_many_deadlines_nobody_can_verify(world: World) -> None:
    world.create("web", count=3, seconds=60)
    world.advance(20)
    for verb in ("listing", "describe", "stop", "identity"):
        world.cloud.fail_next(verb, Unavailable("down"), times=500)
    world.advance(100)
    (alarm,) = queries.listing(world.ctx).alarms
    assert alarm.blind is not None
    assert len(alarm.machines) == 3
    assert alarm.longest == timedelta(seconds=60)
    told = alarm.sentence(world.now)
    assert "cannot be seen since 1m 30s (unavailable): 3 machines past their deadline cannot be verified" in told
    assert "up to 1m over" in told
    assert all(world.row(f"web-{n}").observed is Observed.RUNNING for n in (1, 2, 3))  # frozen at the last fact


def test_a_stop_that_is_refused_says_so_with_its_reason(world: World) -> None:
    world.create(seconds=30)
    world.advance(10)
    world.cloud.cursed[world.row().provider_id or ""] = Forbidden("not allowed")
    world.advance(140)
    (alarm,) = queries.listing(world.ctx).alarms
    assert alarm.blind is None
    assert alarm.sentence(world.now).startswith(
        "fake/default/fake-1: 1 machine past its deadline still runs (forbidden), up to 2m"
    )
    told = exposition(world.ctx)
    assert 'im_past_deadline_machines{blind="false",scope="fake/default/fake-1"} 1.0' in told
    assert 'im_past_deadline_seconds{scope="fake/default/fake-1"} 120.0' in told


def test_the_list_says_it_above_everything_else(world: World) -> None:
    world.create(seconds=30)
    world.advance(10)
    world.cloud.cursed[world.row().provider_id or ""] = Forbidden("not allowed")
    world.advance(140)
    done = CliRunner().invoke(im, ["list"], obj=Session(lambda: world.ctx))
    assert "PAST DEADLINE: fake/default/fake-1: 1 machine past its deadline still runs (forbidden)" in done.stderr


def test_metrics_tell_ticks_scopes_holds_and_instances(world: World) -> None:
    world.create(seconds=300)
    world.advance(40)
    told = exposition(world.ctx)
    assert 'im_instances{desired="running",observed="running"} 1.0' in told
    assert 'im_tick_age_seconds{tick="refresh"} 0.0' in told
    assert 'im_scope_failing_seconds{scope="fake/default/fake-1"} 0.0' in told
    assert "im_orphans 0.0" in told
