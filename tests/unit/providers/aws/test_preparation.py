"""What a worker keeps of what it has asked before a launch."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from im.providers.aws.launch import preparation, types
from im.providers.aws.launch.preparation import Fitting


class Asked:
    """A cloud that counts what it is asked about types."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.names: list[str] = []
        monkeypatch.setattr(types, "look_up", self.look_up)
        self.fitting = Fitting(cast(Any, SimpleNamespace(ec2=lambda region: None)), "")

    def look_up(self, ec2: object, name: str) -> str:
        self.names.append(name)
        return name

    def ask(self, *names: str) -> None:
        for name in names:
            self.fitting.type_facts("eu-west-1", name)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    return Asked(monkeypatch)


def test_it_is_asked_once(asked: Asked) -> None:
    asked.ask("t3.nano", "t3.nano", "t3.micro", "t3.nano")
    assert asked.names == ["t3.nano", "t3.micro"]


def test_a_worker_that_lives_long_keeps_no_more_than_it_can_use(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preparation, "MOST_KEPT", 3)
    asked.ask("a", "b", "c", "d", "d", "a")
    assert asked.names == ["a", "b", "c", "d", "a"], "what is thrown away is asked again, and kept again"
