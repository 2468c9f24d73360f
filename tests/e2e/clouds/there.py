"""A cloud that answers once a second, as somebody else with its key asks it: in what is left of the second."""

from __future__ import annotations

import json
import urllib.request
from typing import Any
from urllib.error import HTTPError

from im.domain.config.sandbox import sandbox_at, sandboxes
from tests.e2e.conftest import StackUnderTest
from tests.waiting import until


class There:
    """`path` is where it lists its instances, below `listed`."""

    def __init__(self, stack: StackUnderTest, cloud: str, path: str, listed: str) -> None:
        sandbox = sandbox_at(sandboxes(stack.sandbox_url, "aws")[cloud])
        self._listed = listed
        headers = {"Authorization": f"Bearer sandbox.{sandbox.secret}"}
        self._request = urllib.request.Request(f"{sandbox.endpoint}{path}", headers=headers)
        self._told: list[Any] = []

    def instances(self) -> list[dict[str, Any]]:
        until("the cloud answers", self._ask)
        found: list[dict[str, Any]] = self._told.pop()
        return found

    def _ask(self) -> bool:
        try:
            with urllib.request.urlopen(self._request) as answer:
                self._told.append(json.load(answer)[self._listed])
        except HTTPError as exc:
            if exc.code != 429:
                raise
            return False
        return True
