"""Lists, a page at a time: the address of the next page is whole, and to be followed as it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from werkzeug.wrappers import Request

from im.standins.azure.errors import no
from im.standins.azure.subscription import Subscription


def page(subscription: Subscription, request: Request, things: Sequence[dict[str, Any]]) -> tuple[int, dict[str, Any]]:
    token = request.args.get("$skiptoken", "0")
    if not token.isdigit():
        raise no(400, "InvalidSkipToken", "The skip token is not valid.")
    at = int(token)
    shown: dict[str, Any] = {"value": list(things[at : at + subscription.page])}
    if at + subscription.page < len(things):
        kept = {key: value for key, value in request.args.items() if key != "$skiptoken"}
        query = urlencode({**kept, "$skiptoken": at + subscription.page})
        shown["nextLink"] = f"{request.host_url.rstrip('/')}{request.environ['im.path']}?{query}"
    return 200, shown
