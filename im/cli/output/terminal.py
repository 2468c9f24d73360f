"""What the terminal can show: its width, whether it takes colour, and text that cannot harm it."""

from __future__ import annotations

import os
import sys
import unicodedata
from typing import TextIO


def takes_colour(stream: TextIO | None = None) -> bool:
    """Colour only on a real terminal that did not ask for none (https://no-color.org)."""
    out = stream or sys.stdout
    return out.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def is_live() -> bool:
    """Can progress be drawn in place? Only where both a person and a cursor are."""
    return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


def is_attended() -> bool:
    """Is a person there to answer a question?"""
    return sys.stdin.isatty()


def width() -> int | None:
    """Columns of the terminal on stdout; None for a pipe or a file, which have room for everything."""
    if not sys.stdout.isatty():
        return None
    from shutil import get_terminal_size  # it brings four kinds of compression

    return get_terminal_size().columns


def plain(text: str) -> str:
    """`text` on one line without control characters: names, owners and the cloud's words never steer the terminal.

    Direction overrides are format characters too (Cf): they could make one name look like another.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        " " if c in "\t\n\r\u2028\u2029" else "" if unicodedata.category(c) in ("Cc", "Cf", "Cs") else c for c in text
    )


def cells(text: str) -> int:
    """How many columns `text` takes: wide characters count twice, combining ones not at all."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in ("W", "F") else 1 for c in text
    )


def visible_json(text: str) -> str:
    """The same JSON, with everything that cannot be shown as an escape of JSON's own: it may be read at a terminal."""
    if text.replace("\n", "").isprintable():
        return text
    import json

    return "".join(c if c.isprintable() or c == "\n" else json.dumps(c)[1:-1] for c in text)
