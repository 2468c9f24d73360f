"""What a list asks of Postgres: the same few statements, however many rows it shows."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any

import pytest

from im.context import Context
from im.db.read.pool import _Look
from im.services import pages
from tests.integration.web.conftest import Api

ABOUT = {
    "JOIN tokens": "who asks",
    "FROM tokens": "who asks",
    "FROM orphans": "how the fleet is",
    "FROM views": "the reader's own views",
    "SELECT count(*) FROM (SELECT FROM instances": "how many",
    "LEFT JOIN usage": "what they did",
    "FROM prices": "what that costs",
    "FROM instances": "the rows",
}
"""The first that is in a statement."""
PAGE = (
    "who asks",
    "how the fleet is",
    "the rows",
    "how many",
    "what they did",
    "what that costs",
    "the reader's own views",
)
LIST = ("who asks", "the rows", "what they did", "what that costs")
"""And the database's clock, which is stepped here. Where one has run past a deadline, or was shelved, that is one more."""


@pytest.mark.parametrize(("path", "told"), [("/", PAGE), ("/api/v1/instances?limit=200", LIST)])
def test_a_list_asks_the_same_of_few_rows_and_of_many(
    api: Api, path: str, told: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    def asked() -> list[str]:
        found: list[str] = []
        look = _Look.rows

        def rows(self: _Look, statement: str, given: Mapping[str, Any]) -> list[Any]:
            found.append(next((about for words, about in ABOUT.items() if words in statement), statement))
            return look(self, statement, given)

        def begin(self: Context) -> AbstractContextManager[Any]:
            raise AssertionError("a list began a transaction")

        api.ask("GET", path)  # that a token was used is written once in a while
        with monkeypatch.context() as patch:
            patch.setattr(_Look, "rows", rows)
            patch.setattr(Context, "begin", begin)
            assert api.ask("GET", path).status == 200
        return found

    api.world.create("few", count=3)
    api.world.advance(20)
    assert asked() == [about for about in told if about != "how many"]  # they are all on one page
    api.world.create("many", count=60)
    api.world.advance(20)
    assert asked() == list(told)


def test_a_page_counts_no_further_than_somebody_would_wait(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    api.world.create("many", count=60)
    for most, told in ((60, "60 instances"), (59, "more than 59 instances")):
        monkeypatch.setattr(pages, "COUNTED", most)
        assert f'id="count" aria-live="polite">{told}<' in api.ask("GET", "/").text
