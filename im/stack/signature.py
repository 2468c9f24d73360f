"""AWS's Signature Version 4 from the side that checks it: whose key signed this request, and did they know its secret?

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html; only what EC2's, STS' and SSM's clients
send, which is a POST to `/` without a query.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from im.standins.admission import Asked

_ALGORITHM = "AWS4-HMAC-SHA256"
_WRITTEN = re.compile(
    rf"{_ALGORITHM} Credential=(?P<key>[\w-]+)/(?P<day>\d{{8}})/(?P<region>[\w-]+)/(?P<service>[\w-]+)/aws4_request, ?"
    r"SignedHeaders=(?P<headers>[a-z0-9;-]+), ?Signature=(?P<signature>[0-9a-f]{64})",
    re.ASCII,
)
_FRESH = timedelta(minutes=15)
"""As AWS has it: what was overheard is of no use for long."""


@dataclass(frozen=True, slots=True)
class Signed:
    """What an Authorization header claims."""

    key_id: str
    day: str
    region: str
    service: str
    headers: tuple[str, ...]
    signature: str


def read(asked: Asked) -> Signed | None:
    """The claim of a request; None when it makes none that we can read."""
    found = _WRITTEN.fullmatch(asked.headers.get("authorization", ""))
    if found is None:
        return None
    key, day, region, service, headers, signature = found.groups()
    return Signed(key, day, region, service, tuple(headers.split(";")), signature)


def holds(claim: Signed, asked: Asked, secret_of: Callable[[str], str | None], now: datetime) -> bool:
    """Was it signed just now, whole, by somebody who knows the secret of the key that it names?"""
    secret = secret_of(claim.key_id)
    written = asked.headers.get("x-amz-date", "")
    needed = {"host", "x-amz-date"} | {"x-amz-target"} & asked.headers.keys()
    if secret is None or not needed <= set(claim.headers) <= asked.headers.keys() or not written.startswith(claim.day):
        return False
    try:
        at = datetime.strptime(written, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return False
    made = _signature(claim, asked, secret, written)
    return abs(now - at) <= _FRESH and hmac.compare_digest(made, claim.signature)


def _signature(claim: Signed, asked: Asked, secret: str, written: str) -> str:
    headers = "".join(f"{name}:{' '.join(asked.headers[name].split())}\n" for name in claim.headers)
    body = hashlib.sha256(asked.body).hexdigest()
    request = "\n".join((asked.method, asked.path, asked.query, headers, ";".join(claim.headers), body))
    scope = f"{claim.day}/{claim.region}/{claim.service}/aws4_request"
    to_sign = "\n".join((_ALGORITHM, written, scope, hashlib.sha256(request.encode()).hexdigest()))
    key = f"AWS4{secret}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.digest(key, to_sign.encode(), "sha256").hex()
