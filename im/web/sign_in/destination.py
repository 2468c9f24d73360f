"""Where one is sent after signing in: a page of ours, whatever somebody has written into a link."""

from __future__ import annotations

import re
from urllib.parse import unquote

HOME = "/"
_LONGEST = 2000
_PATH = re.compile(r"/[A-Za-z0-9._~!$&'()*+,;=:@%-]*(/[A-Za-z0-9._~!$&'()*+,;=:@%-]+)*/?", re.ASCII)
_QUERY = re.compile(r"[A-Za-z0-9._~!$&'()*+,;=:@%/?-]*", re.ASCII)
_OURS_ALONE = ("/sign-in", "/sign-out", "/enter", "/api")
"""Nobody wants to be there afterwards."""


def own_path(text: str) -> str:
    """`text`, if it is a path of this host and nothing else; else the first page.

    What browsers make of backslashes, tabs, line ends and two slashes differs from what is written (WHATWG URL, 4.4): none of them
    is let through, also where it would come out of a percent sign on the way.
    """
    path, _, query = text.partition("?")
    plain = unquote(path)
    if (
        len(text) > _LONGEST
        or not _PATH.fullmatch(path)
        or not _QUERY.fullmatch(query)
        or "//" in plain
        or "\\" in plain
        or not plain.isprintable()
        or any(part in (".", "..") for part in plain.split("/"))
        or any(plain == one or plain.startswith(f"{one}/") for one in _OURS_ALONE)
    ):
        return HOME
    return text
