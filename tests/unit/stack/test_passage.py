"""Folders above a stack are opened for Postgres only as long as a stack needs it."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from im.stack import passage, postgres
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


def test_a_stack_that_ends_while_another_looks_closes_nothing_that_the_other_needs(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other one has just seen the folder open, and has not asked yet for whom it is."""
    register = tmp_path / "var" / "passages.json"
    up(home / "one", register)
    look = passage._is_open

    def seen(folder: Path) -> bool:
        found = look(folder)
        if folder == home:
            monkeypatch.setattr(passage, "_is_open", look)
            close_for(home / "one", register)
        return found

    monkeypatch.setattr(passage, "_is_open", seen)
    up(home / "two", register)
    assert mode(home) == 0o701


def test_of_several_first_stacks_of_a_machine_one_makes_the_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was not there at the first look, and is once the others are done."""
    looks = iter([False, True])
    monkeypatch.setattr(postgres, "USER_LOCK", tmp_path / "user.lock")
    monkeypatch.setattr(postgres, "_known", lambda _: next(looks))
    monkeypatch.setattr(postgres, "_make_user", lambda: pytest.fail("made twice"))
    monkeypatch.setattr("os.geteuid", lambda: 0)
    assert postgres.server_user() == postgres.SYSTEM_USER
