"""The stack's files: private, at paths that sockets can have, one hand on them at a time."""

from __future__ import annotations

import json
import os
import socket
import stat
import tempfile
from pathlib import Path

import pytest

from im.domain.errors import Refused, Unavailable
from im.stack.layout import Layout, free_port, read_json, remove_sockets, write_private


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    made = Layout(tmp_path / "home")
    made.prepare()
    return made


def test_a_careless_folder_is_closed_again(layout: Layout) -> None:
    for folder in (layout.home, layout.root, layout.work, layout.logs):
        folder.chmod(0o777)
    layout.prepare()
    passable = 0o711 if os.geteuid() == 0 else 0o700
    assert [mode(p) for p in (layout.home, layout.root, layout.work, layout.logs)] == [passable, passable, 0o700, 0o700]


def test_a_file_in_the_way_is_said_plainly(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("")
    with pytest.raises(Refused, match="something that is no folder has that name"):
        Layout(tmp_path / "home").prepare()


def test_sockets_fit_even_under_a_long_path(tmp_path: Path) -> None:
    long = Layout(tmp_path / ("deep/" * 30) / "home")
    long.prepare()
    made = long.sockets()
    try:
        assert not made.is_relative_to(long.home)
        assert {mode(made / "pg"), mode(made / "control")} == {0o700}
        with socket.socket(socket.AF_UNIX) as probe:
            probe.bind(str(made / "pg" / ".s.PGSQL.5432"))
    finally:
        remove_sockets(made)
    assert not made.exists()


def test_sockets_of_a_short_path_stay_at_home() -> None:
    with tempfile.TemporaryDirectory(prefix="im-u-", dir="/tmp") as home:
        layout = Layout(Path(home))
        layout.prepare()
        assert layout.sockets() == layout.root / "run"


def test_only_a_folder_of_sockets_is_ever_removed(tmp_path: Path) -> None:
    (tmp_path / "precious").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "precious")
    for path in (tmp_path / "precious", tmp_path / "link", tmp_path / "none"):
        remove_sockets(path)
    assert (tmp_path / "precious").is_dir()


def test_one_hand_at_a_time(layout: Layout) -> None:
    with layout.exclusively(), pytest.raises(Unavailable, match="at work"), layout.exclusively():
        pass
    with layout.exclusively():
        pass


def test_a_password_is_made_once_and_kept_private(layout: Layout) -> None:
    first = layout.secret("broker")
    assert len(first) >= 24
    assert layout.secret("broker") == first != layout.secret("flower")
    assert mode(layout.secrets_file) == 0o600


def test_a_half_written_file_is_no_file(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    assert read_json(path) == {}
    path.write_text('{"half":')
    assert read_json(path) == {}
    write_private(path, json.dumps({"whole": 1}))
    assert read_json(path) == {"whole": 1}
    assert [p.name for p in tmp_path.iterdir()] == ["x.json"]


def test_a_port_is_kept_while_it_is_free_and_changed_when_it_is_not() -> None:
    port = free_port()
    assert free_port(port) == port
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
        assert free_port(port) != port


def test_no_port_is_given_twice_before_anybody_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("im.stack.layout.secrets.randbelow", lambda _: 7)
    first = free_port()
    assert free_port(first, [first]) != first
    assert free_port(None, [first]) != first
