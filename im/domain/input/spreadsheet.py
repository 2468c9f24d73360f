"""CSV that people open with a spreadsheet: no cell is a formula there, whatever somebody called an owner or a tag."""

from __future__ import annotations

import re

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What begins a formula, or is dropped before one is looked for (OWASP, CSV injection); the last four are full width."""
_SPACES = "\t\r\n\u00a0\u3000"
_NUMBER = re.compile(r"-?\d+(\.\d+)?")


def cell(value: object) -> object:
    """`value` as a CSV may carry it: a text that a spreadsheet would compute gets an apostrophe before it; numbers stay.

    What cannot be shown is a ? in it: a CSV is read at a terminal too.
    """
    if isinstance(value, str) and not value.isprintable():
        value = "".join(c if c.isprintable() or c in _SPACES else "?" for c in value)
    if isinstance(value, str) and value.lstrip(" \u00a0").startswith(_FORMULA) and not _NUMBER.fullmatch(value):
        return f"'{value}"
    return value
