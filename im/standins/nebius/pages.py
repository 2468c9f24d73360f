"""Lists, a page at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

MOST, USUAL = 1000, 100


def page(things: Sequence[Any], asked: Any, answer: Any) -> Any:
    """`answer`: the class of the message, with `items` and `next_page_token`."""
    size = min(asked.page_size or USUAL, MOST)
    begin = int(asked.page_token or 0)
    more = str(begin + size) if begin + size < len(things) else ""
    return answer(items=list(things[begin : begin + size]), next_page_token=more)
