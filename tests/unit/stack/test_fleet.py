"""`im service` and its kin: who is started, and how a child that ends comes back."""

from __future__ import annotations

import sys

import pytest

from im.cli.commands import fleet
from im.cli.commands.fleet import Child


class Story:
    """A child whose code it is to end at once, and a clock that only the test moves."""

    def __init__(self, code: str) -> None:
        self.said: list[str] = []
        self.child = Child("worker", [sys.executable, "-c", code], {})
        self.now = 0.0

    def at(self, now: float) -> None:
        self.child.keep_alive(now, self.said.append)

    def end(self) -> None:
        assert self.child._process is not None
        self.child._process.wait()


def test_a_child_that_keeps_ending_comes_back_later_each_time() -> None:
    story = Story("raise SystemExit(3)")
    now = 0.0
    for pause in (1, 2, 4, 8, 16, 30, 30):
        story.at(now)
        story.end()
        story.at(now)
        assert story.said[-1] == f"worker ended with code 3; starting it again in {pause} s"
        story.at(now + pause - 0.01)
        assert story.child.gone()
        now += pause


def test_one_that_had_lasted_comes_back_at_once() -> None:
    story = Story("raise SystemExit(0)")
    for now in (0.0, 100.0):
        story.at(now)
        story.end()
        story.at(now + 60)
    assert [line.rpartition(" in ")[2] for line in story.said] == ["1 s", "1 s"]


def test_a_kill_is_told_by_its_name() -> None:
    story = Story("import os; os.kill(os.getpid(), 9)")
    story.at(0)
    story.end()
    story.at(0)
    assert "was killed by SIGKILL" in story.said[0]


def test_workers_are_started_with_what_they_need_and_no_more() -> None:
    words = fleet._worker_words(("im.requests", "im.watch"), 3)
    assert words[0] == "worker"
    assert {"--without-gossip", "--without-mingle", "-E"} <= set(words)
    assert words[words.index("-Q") + 1] == "im.requests,im.watch"
    assert words[words.index("-c") + 1] == "3"


@pytest.mark.parametrize("command", ["service", "worker", "beat", "flower"])
def test_with_nobody_to_talk_to_they_say_so(command: str, tmp_path, monkeypatch, capsys) -> None:  # type: ignore[no-untyped-def]
    from im.cli.main import im

    for name in ("IM_DATABASE_URL", "IM_BROKER_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("IM_HOME", str(tmp_path))
    monkeypatch.setenv("IM_CONFIG", "")
    with pytest.raises(SystemExit) as left:
        im.main([command])
    assert left.value.code == 1
    missing = "broker" if command == "flower" else "database"  # Flower looks at the queue alone
    assert f"no {missing} is named and no local stack is running" in capsys.readouterr().err


def test_an_unknown_queue_is_refused(capsys) -> None:  # type: ignore[no-untyped-def]
    from im.cli.main import im

    with pytest.raises(SystemExit) as left:
        im.main(["worker", "-Q", "im.reqests"])
    assert left.value.code == 2
    assert "im.requests" in capsys.readouterr().err
