"""Notice before the end, to a real HTTP server and a real SMTP server: each at least once, never of a deadline that was moved."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

from im.domain.state import Observed
from im.queue.tasks import Task
from tests.integration.deadlines.receivers import Web
from tests.integration.deadlines.telling import MINUTE, stages, states, tell
from tests.world import START, World

ROOT = Path(__file__).parents[3]


def test_at_60_15_and_5_minutes_once_each_with_the_line_to_type(world: World, hook: Web) -> None:
    tell(world, notice_webhook=hook.url)
    world.create("web", seconds=70 * MINUTE)
    world.advance(80 * MINUTE, tick=60)
    assert stages(hook) == [60, 15, 5]
    first = hook.got[0]
    assert first["extend"] == "im extend web -d 1h"
    assert first["expires_at"] == "2030-01-01T13:10:00.000000Z"
    assert 59 * MINUTE < first["seconds_left"] <= 60 * MINUTE
    assert first["text"].startswith("web stops in 1h, at 2030-01-01 13:10:00 UTC (fake fake-1a, small, owner ada).")
    assert "\n    im extend web -d 1h\n" in first["text"]
    assert len(set(hook.keys)) == 3
    assert hook.asked == 3
    assert world.kinds().count("notice sent") == 3
    assert world.at_cloud() is Observed.STOPPED


def test_the_line_to_type_is_one_that_can_be_typed(world: World, hook: Web) -> None:
    from click.testing import CliRunner

    from im.cli.main import im
    from im.cli.session import Session

    tell(world, notice_webhook=hook.url)
    world.create("web", seconds=6 * MINUTE)
    world.advance(2 * MINUTE, tick=30)
    words = hook.got[0]["extend"].split()
    assert words.pop(0) == "im"
    assert CliRunner().invoke(im, words, obj=Session(lambda: world.ctx)).exit_code == 0
    assert world.row().expires_at == START + timedelta(minutes=66)


def test_a_deadline_nearer_than_a_stage_when_it_was_set_gives_no_notice_of_that_stage(world: World, hook: Web) -> None:
    tell(world, notice_webhook=hook.url)
    world.create("web", seconds=60 * MINUTE)  # the default: who types it knows that it is an hour
    world.advance(MINUTE, tick=30)
    assert hook.got == []
    world.advance(45 * MINUTE, tick=60)
    assert stages(hook) == [15]


def test_a_moved_deadline_is_never_told_of_and_the_new_one_is(world: World, hook: Web) -> None:
    tell(world, notice_webhook=hook.url)
    hook.status = 503
    world.create("web", seconds=20 * MINUTE)
    world.advance(6 * MINUTE, tick=30)
    assert states(world) == [(15, "webhook", "pending")]
    world.extend("web", seconds=60 * MINUTE)
    hook.status = 200
    world.advance(2 * MINUTE, tick=30)
    assert hook.got == []
    assert states(world) == [(15, "webhook", "moved")]
    world.advance(20 * MINUTE, tick=60)
    assert stages(hook) == [60]
    assert hook.got[0]["expires_at"] == "2030-01-01T13:20:00.000000Z"


def test_a_stopped_machine_is_not_told_of(world: World, hook: Web) -> None:
    tell(world, notice_webhook=hook.url)
    world.create("web", seconds=20 * MINUTE)
    world.advance(MINUTE, tick=30)
    world.stop("web")
    world.advance(20 * MINUTE, tick=60)
    assert hook.got == []


def test_a_worker_killed_between_sending_and_recording_loses_nothing(world: World, hook: Web) -> None:
    """A real process and a real kill -9, at the moment at which the receiver has the notice and the sender does not know."""
    tell(world, notice_webhook=hook.url)
    world.create("web", seconds=10 * MINUTE)
    world.advance(10)
    world.worker = False
    world.now = START + timedelta(minutes=6)
    world.answer(Task.ENFORCE_TTL)
    assert states(world) == [(5, "webhook", "pending")]

    words = (world.ctx.settings.database_url, world.now.isoformat(), hook.url)
    worker = subprocess.Popen([sys.executable, "-m", "tests.integration.deadlines.notify_once", *words], cwd=ROOT)
    hook.before_answer = lambda: os.kill(worker.pid, signal.SIGKILL)
    assert worker.wait(timeout=60) == -signal.SIGKILL
    hook.before_answer = lambda: None
    assert stages(hook) == [5]
    assert states(world) == [(5, "webhook", "pending")]

    world.worker = True
    world.answer(Task.NOTIFY)
    assert len(hook.got) == 1  # its lease still stands
    world.advance(2 * MINUTE, tick=30)
    assert stages(hook) == [5, 5]
    assert hook.keys[0] == hook.keys[1]  # by which the receiver can tell
    assert states(world) == [(5, "webhook", "sent")]
    world.advance(5 * MINUTE, tick=30)
    assert len(hook.got) == 2


def test_two_senders_at_once_send_it_once(world: World, hook: Web) -> None:
    tell(world, notice_webhook=hook.url)
    world.create("web", count=20, seconds=10 * MINUTE)
    world.advance(10)
    world.worker = False
    world.now = START + timedelta(minutes=6)
    world.answer(Task.ENFORCE_TTL)
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: world.answer(Task.NOTIFY), range(4)))
    assert len(hook.got) == 20
    assert len(set(hook.keys)) == 20


def test_without_beat_the_sweep_gives_notice(world: World, hook: Web) -> None:
    from im.services.refresh.sweep import sweep

    tell(world, notice_webhook=hook.url)
    world.create("web", seconds=10 * MINUTE)
    world.advance(10)
    world.beat = False
    world.now = START + timedelta(minutes=6)
    sweep(world.ctx)
    assert stages(hook) == [5]


def test_without_a_channel_nothing_is_planned(world: World) -> None:
    world.create("web", seconds=10 * MINUTE)
    world.advance(8 * MINUTE, tick=30)
    assert states(world) == []
