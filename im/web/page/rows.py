"""Rows of a table of instances: their template draws each shape once, and each row is that with its own words in it, escaped.

Jinja takes most of the time of a page for walking through the same markup fifty times. So `parts/row.html` is given marks in
place of words, the markup that it draws is cut at them, and a row is put together of the pieces. What is told of an instance never
goes through the template this way, and none of its words is looked for in what was drawn: whatever it says, it can only be text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from functools import lru_cache
from operator import attrgetter, itemgetter
from typing import Any, NamedTuple

from markupsafe import Markup, escape

from im.web.page.shown import Shape, Shown, Words

WORDS = tuple(one.name for one in fields(Words))
LINKED = ("status", "type", "zone", "owner", "provider")
"""Columns whose values become filters, each by an address of its own."""
_SHAPE = tuple(one.name for one in fields(Shape))
_shape_of, _words_of, _leads = attrgetter(*_SHAPE), attrgetter(*WORDS), itemgetter(*LINKED)
_MARK = "\x00"

Chosen = tuple[tuple[str, str], ...]
"""Columns, with their titles."""
Macro = Callable[[Shape, Words, Mapping[str, Any], Chosen], str]
"""Of `parts/row.html`: the shape of a row, its words, where each linked value leads, and which columns are chosen."""


class _Kind(NamedTuple):
    """All on which the markup of a row depends, beside its words."""

    shape: tuple[object, ...]
    there: tuple[bool, ...]
    """Which of its words are not empty."""
    chosen: Chosen


def drawn(macro: Macro, one: Shown, where: Mapping[str, Markup], chosen: Chosen) -> Markup:
    """One row, as `macro` itself would have drawn it. `where` is escaped already, for rows lead to the same few places."""
    said: tuple[str, ...] = _words_of(one.words)
    markup, needs = _pieces(macro, _Kind(_shape_of(one.shape), tuple(map(bool, said)), chosen))
    # at once, for that is one call and not twenty; Postgres keeps no text with the mark in it
    safe = str.split(escape(_MARK.join(said)), _MARK)
    if len(safe) != len(said):
        safe = [escape(text) for text in said]
    return Markup(markup % needs([*safe, *_leads(where)]))  # noqa: S704  # see above


@lru_cache(maxsize=1024)
def _pieces(macro: Macro, kind: _Kind) -> tuple[str, Callable[[Sequence[str]], tuple[str, ...]]]:
    """The markup with a %s for each word, and what picks the words in that order."""
    marks = [f"{_MARK}{n}{_MARK}" for n in range(len(WORDS) + len(LINKED))]
    words = Words(*(mark if there else "" for mark, there in zip(marks, kind.there, strict=False)))
    where = dict(zip(LINKED, marks[len(WORDS) :], strict=True))
    text = str(macro(Shape(*kind.shape), words, where, kind.chosen))  # type: ignore[arg-type]  # in the order of its fields
    pieces = text.split(_MARK)
    return "%s".join(piece.replace("%", "%%") for piece in pieces[::2]), itemgetter(*map(int, pieces[1::2]))
