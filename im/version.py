"""Which versions work together: those of which one is at most one minor release ahead of the other."""

from __future__ import annotations

import re

HEADER = "X-Im-Version"
"""In every answer of the API, and in every request of our own command line."""
_FORM = re.compile(r"(\d{1,6})\.(\d{1,6})(?:\..{0,40})?", re.ASCII)


def too_far_apart(one: str, other: str) -> bool:
    """Whether two versions differ by more than one minor release. What is no version is not judged."""
    first, second = _FORM.fullmatch(one), _FORM.fullmatch(other)
    if first is None or second is None:
        return False
    return first[1] != second[1] or abs(int(first[2]) - int(second[2])) > 1


def minor(version: str) -> str:
    """`0.1.*`: what to install beside it."""
    found = _FORM.fullmatch(version)
    return f"{found[1]}.{found[2]}.*" if found else version
