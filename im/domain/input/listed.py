"""Many names in one line: the first few, and how many more there are."""

from __future__ import annotations

from collections.abc import Sequence


def listed(words: Sequence[str], shown: int = 1, *, most: int = 0, between: str = ", ", before: str = " and ") -> str:
    """`web-1 and 3 more`: the first `shown` of them; all of them where they are no more than `most`."""
    if len(words) <= max(shown, most):
        return between.join(words)
    return and_more(between.join(words[:shown]), len(words) - shown, before)


def and_more(first: str, more: int, before: str = " and ") -> str:
    """The same where only the number of the others is known."""
    return f"{first}{before}{more} more" if more else first
