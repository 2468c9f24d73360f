"""Folders above a stack are opened for Postgres only as long as a stack needs it."""

from __future__ import annotations

import stat
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from im.stack import passage
from im.stack.passage import close_for, open_above


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Closed to everybody else, with two stacks below."""
    closed = tmp_path / "home"
    for name in ("one", "two"):
        (closed / name / "postgres").mkdir(parents=True)
    closed.chmod(0o700)
    return closed


def mode(folder: Path) -> int:
    return stat.S_IMODE(folder.stat().st_mode)


def up(stack: Path, register: Path) -> list[str]:
    said: list[str] = []
    open_above(stack / "postgres", stack, said.append, register)
    return said


def test_what_was_opened_is_told_and_closed_again(home: Path, tmp_path: Path) -> None:
    register, before = tmp_path / "var" / "passages.json", mode(home)
    said = up(home / "one", register)
    assert any(str(home) in line and "until im down" in line for line in said)
    assert mode(home) == 0o701
    close_for(home / "one", register)
    assert mode(home) == before


def test_the_last_stack_below_it_closes_it(home: Path, tmp_path: Path) -> None:
    register = tmp_path / "passages.json"
    up(home / "one", register)
    up(home / "two", register)
    close_for(home / "one", register)
    assert mode(home) == 0o701
    close_for(home / "two", register)
    assert mode(home) == 0o700


def test_a_stack_that_was_removed_by_hand_holds_nothing_open(home: Path, tmp_path: Path) -> None:
    register = tmp_path / "passages.json"
    up(home / "one", register)
    up(home / "two", register)
    (home / "one").rename(tmp_path / "gone")
    close_for(home / "two", register)
    assert mode(home) == 0o700


def test_what_was_open_already_is_left_as_it_is(home: Path, tmp_path: Path) -> None:
    register = tmp_path / "passages.json"
    home.chmod(0o755)
    up(home / "one", register)
    close_for(home / "one", register)
    assert mode(home) == 0o755


def test_a_stack_that_ends_while_another_begins_closes_nothing_that_the_other_needs(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other one looks first, at a folder that is still open; the one that ends is faster to the lock."""
    register = tmp_path / "var" / "passages.json"
    up(home / "one", register)
    begin = passage.exclusively

    def later(lock: Path) -> AbstractContextManager[None]:
        monkeypatch.setattr(passage, "exclusively", begin)
        close_for(home / "one", register)
        return begin(lock)

    monkeypatch.setattr(passage, "exclusively", later)
    up(home / "two", register)
    assert mode(home) == 0o701
