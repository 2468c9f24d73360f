"""What leaves as JSON reads as what was meant."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from im.domain.state import Observed
from im.web.answers import JSONResponse

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
NUMBERS = st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False)
DOCUMENTS: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS, lambda one: st.lists(one) | st.dictionaries(TEXTS, one)
)


@given(DOCUMENTS)
def test_a_document_reads_as_it_was_written(content: object) -> None:
    assert json.loads(JSONResponse(content).body) == content


def test_words_are_utf_8_and_what_is_no_number_is_null() -> None:
    told = JSONResponse({"name": "größer", "state": Observed.RUNNING, "usd": float("nan"), "pair": ("a", 1)})
    assert told.body == '{"name":"größer","state":"running","usd":null,"pair":["a",1]}'.encode()
    assert told.headers["content-type"] == "application/json"
