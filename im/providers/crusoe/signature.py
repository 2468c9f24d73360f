"""How a request to Crusoe is signed: HMAC-SHA256 over path, query, verb and time; the body is left to TLS.

As Crusoe's own tools do it: https://github.com/crusoecloud/client-go and terraform-provider-crusoe, internal/common/auth.go.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote, urlencode

from im.providers.errors import Unauthenticated

_VERSION = "1.0"


def headers(
    method: str, path: str, query: Mapping[str, Any], key_id: str, secret: str, now: datetime
) -> dict[str, str]:
    """`path`: with the API's version, as it is sent; `query`: sorted by name, as it is sent. Raises Unauthenticated for a secret
    that can be none."""
    at = now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    text = f"{unquote(path)}\n{urlencode(query)}\n{method}\n{at}\n"
    signed = hmac.new(_key(secret), text.encode(), hashlib.sha256).digest()
    return {"X-Crusoe-Timestamp": at, "Authorization": f"Bearer {_VERSION}:{key_id}:{_encoded(signed)}"}


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _key(secret: str) -> bytes:
    try:
        return base64.b64decode(secret + "=" * (-len(secret) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as exc:
        raise Unauthenticated("the secret key of Crusoe is not as Crusoe writes one: copy it once more") from exc
