"""A row that is put together of pieces is what its template draws, whatever is said in it."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from markupsafe import Markup, escape

from im.domain.explain.phase import Tone
from im.web.page.instances import COLUMNS
from im.web.page.rows import LINKED, WORDS, drawn
from im.web.page.shown import Shape, Shown, Words
from im.web.page.site import part
from tests.unit.rows import RUNNING

HOSTILE = (
    *('"><script>alert(1)</script>', "' onmouseover='x", "&amp;", "</td>", "%s %d {{ 7*7 }} {% raw %}"),
    *("\x000\x00", "\x00", "%%", "", "web-1", "日本 é", "javascript:alert(1)"),
)
SHAPES = st.builds(
    Shape,
    tone=st.sampled_from(Tone),
    counts_down=st.booleans(),
    over=st.booleans(),
    protected=st.booleans(),
    spot=st.booleans(),
    can=st.frozensets(st.sampled_from(("extend", "start", "stop", "terminate", "protect", "give"))),
)
SAID = st.lists(st.sampled_from(HOSTILE), min_size=len(WORDS), max_size=len(WORDS)).map(lambda said: Words(*said))
CHOSEN = st.lists(st.sampled_from(list(COLUMNS.items())), unique=True).map(tuple)


@settings(max_examples=150, deadline=None)
@given(SHAPES, SAID, CHOSEN, st.lists(st.sampled_from(HOSTILE), min_size=len(LINKED), max_size=len(LINKED)))
def test_it_is_what_the_template_draws_and_nobodys_words_are_markup(
    shape: Shape, words: Words, chosen: tuple[tuple[str, str], ...], leads: list[str]
) -> None:
    macro, where = part("parts/row.html").row, dict(zip(LINKED, leads, strict=True))
    row = drawn(macro, Shown(RUNNING, shape, words), {name: escape(to) for name, to in where.items()}, chosen)
    assert isinstance(row, Markup)
    assert row == macro(shape, words, where, chosen)
    assert "<script" not in row
    assert "' onmouseover" not in row
