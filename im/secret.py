"""Secrets that this process was given, so that words of others (a log line, a traceback) can be shown without them.

What is ours to say never holds one: addresses are built from their parts (`im.address`). This is for what we only pass on.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from urllib.parse import unquote

HIDDEN = "***"
_SHORTEST = 4
"""Characters; what is shorter would be found in every other word."""
_PASSWORDS = (
    "PGPASSWORD",
    "REDISCLI_AUTH",
    "FLOWER_BASIC_AUTH",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "CRUSOE_SECRET_KEY",
    "DIGITALOCEAN_ACCESS_TOKEN",
    "DIGITALOCEAN_TOKEN",
    "DO_API_KEY",
    "DO_API_TOKEN",
    "HCLOUD_TOKEN",
    "LAMBDA_API_KEY",
    "LAMBDA_API_TOKEN",
    "LAMBDA_CLOUD_API_KEY",
    "LAMBDA_CLOUD_API_TOKEN",
    "LAMBDA_CLOUD_TOKEN",
    "RUNPOD_API_KEY",
    "NEBIUS_IAM_TOKEN",
)
_ADDRESSES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "AWS_ENDPOINT_URL")
_BEFORE_HOST = re.compile(r"(?<=://)[^\s\"'<>]*:[^\s\"'<>]*@")
_NAMED = re.compile(
    r"(?i)\b((?:ssl|pg|proxy[_-]?)?pass(?:word|wd)?|secret|token|(?:proxy-)?authorization)\b"
    r"(['\"]?\s*[:=]\s*)((?:basic|bearer)\s+)?('[^']*'|\"[^\"]*\"|[^\s'\",;&)}\]]+)"
)
_OURS = re.compile(r"\b(?:(im_(?:pat|svc|link)_)[0-9A-Za-z_-]{20,}|(whsec_)[0-9A-Za-z+/=]{20,})")
"""A token, a link or a webhook's secret of ours, wherever somebody has put it."""
_known: set[str] = set()


def learn(addresses: Iterable[str], environ: Mapping[str, str], words: Iterable[str] = ()) -> None:
    """Remember what must not be repeated: the passwords in `addresses`, in whatever spelling, those of the environment, and
    `words` as they are."""
    by_name = {name.upper(): value for name, value in environ.items()}
    for text in (*addresses, *(by_name.get(name, "") for name in _ADDRESSES)):
        _known.update(part for part in _parts(text) if len(part) >= _SHORTEST)
    _known.update(word for word in words if len(word) >= _SHORTEST)
    given = (by_name.get(name, "") for name in _PASSWORDS)
    _known.update(value for value in given if len(value) >= 4 * _SHORTEST)  # a sandbox's key is the word "sandbox"


def conceal(text: str) -> str:
    """`text` without what was learnt, and without whatever else stands where passwords stand."""
    if not text.isascii() or "://" in text or ":" in text or "=" in text:
        text = _NAMED.sub(lambda m: f"{m[1]}{m[2]}{m[3] or ''}{HIDDEN}", _BEFORE_HOST.sub(f"{HIDDEN}@", text))
    text = _OURS.sub(rf"\1\2{HIDDEN}", text)
    if _known:
        either = "|".join(re.escape(one) for one in sorted(_known, key=len, reverse=True))
        text = re.sub(rf"(?<![A-Za-z0-9])(?:{either})(?![A-Za-z0-9])", HIDDEN, text)
    return text


def _parts(text: str) -> set[str]:
    """All that may be a password in an address, or a piece of one: a parser may have torn it where it was written raw."""
    _, there, rest = text.partition("://")
    before_host, at, after = rest.rpartition("@") if there else ("", "", text)
    found = {text} if there else set()
    if at:
        user, colon, password = before_host.partition(":")
        # who it is alone is no secret, but where a token stands in that place
        alone = user if text.startswith("http") else ""
        found |= {password if colon else alone, *re.split(r"[:@/?#&=\[\]\s]+", password)}
    found |= {named[4].strip("'\"") for named in _NAMED.finditer(after)}
    return found | {unquote(one) for one in found}
