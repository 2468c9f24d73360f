"""A CSV opened with a spreadsheet computes nothing."""

from __future__ import annotations

import pytest

from im.domain.input.spreadsheet import cell


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+1+1",
        "-1+1",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        "=HYPERLINK(0)",
        " =1",
        "\u00a0@x",
        "\uff1d1",
        "-",
        "-1;=2",
    ],
)
def test_no_text_is_a_formula(text: str) -> None:
    assert cell(text) == f"'{text}"


@pytest.mark.parametrize("value", ["ada", "a=b", "", "0.360000", "-0.5", "-12", 3600, None, "ada@example.com"])
def test_anything_else_is_as_it_was(value: object) -> None:
    assert cell(value) == value


@pytest.mark.parametrize(
    ("text", "told"), [("a\x1b[31m", "a?[31m"), ("a\u202eb", "a?b"), ("\u200b=1+1", "?=1+1"), ("a\x9bm", "a?m")]
)
def test_what_cannot_be_shown_is_marked(text: str, told: str) -> None:
    assert cell(text) == told
