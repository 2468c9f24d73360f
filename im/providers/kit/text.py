"""A cloud's own words, made fit to be stored and shown."""

from __future__ import annotations

import re

from im.secret import conceal

_KEY_ID = re.compile(r"\b(?:AKIA|ASIA|AIDA|AROA|AGPA|ANPA)[A-Z0-9]{12,}", re.ASCII)
_ENCODED = re.compile(r"\s*Encoded authorization failure message:\s*\S+", re.ASCII)
_BLOB = re.compile(r"[A-Za-z0-9+/_=-]{80,}", re.ASCII)
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
"""NUL, which Postgres takes nowhere, and half characters, which are none: JSON may spell both."""
LONGEST = 600


def scrubbed(words: str) -> str:
    """The cloud's words without secrets, key ids, encoded authorization messages, other long blobs and what cannot be stored; at
    most 600 characters."""
    clean = _UNSTORABLE.sub("?", _BLOB.sub("…", _KEY_ID.sub("…", _ENCODED.sub("", conceal(words)))))
    return clean if len(clean) <= LONGEST else f"{clean[: LONGEST - 1]}…"
