"""What the processes of a stack are told, by the variables from which every one of them reads its settings."""

from __future__ import annotations

from pathlib import Path

from im.settings import Settings
from im.stack.layout import Layout
from im.stack.local import LocalStack


def test_what_a_stack_says_its_processes_read(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir(mode=0o700)
    stack = LocalStack(tmp_path / "home")
    Layout(tmp_path / "home").prepare()
    told = {
        "database_url": "postgresql://im@127.0.0.1:1/im",
        "broker_url": "redis://127.0.0.1:1/0",
        "account": "sandbox",
    }
    read = Settings.from_env(stack._variables(told))
    assert (read.database_url, read.broker_url, read.account) == tuple(told.values())
