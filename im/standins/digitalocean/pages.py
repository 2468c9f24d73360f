"""What all lists have in common: pages of 20 or of up to 200, and the address of the next one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlencode

from werkzeug.wrappers import Request

from im.standins.digitalocean.errors import no, unprocessable

MOST = 200


def page(
    request: Request, name: str, things: Sequence[Any], show: Callable[[Any], dict[str, Any]] | None = None
) -> tuple[int, dict[str, Any]]:
    """A page of them, each as `show` shows it."""
    try:
        number, size = int(request.args.get("page", 1)), int(request.args.get("per_page", 20))
    except ValueError:
        raise no(400, "page and per_page are numbers") from None
    if not (1 <= size <= MOST and number >= 1):
        raise unprocessable(f"per_page is at most {MOST}")
    last = max(1, -(-len(things) // size))
    pages: dict[str, str] = {}
    if number > 1:
        pages |= {"first": _address(request, 1, size), "prev": _address(request, number - 1, size)}
    if number < last:
        pages |= {"next": _address(request, number + 1, size), "last": _address(request, last, size)}
    shown = list(things[(number - 1) * size : number * size])
    return 200, {
        name: [show(one) for one in shown] if show else shown,
        "links": {"pages": pages} if pages else {},
        "meta": {"total": len(things)},
    }


def _address(request: Request, number: int, size: int) -> str:
    asked = {**request.args.to_dict(), "page": number, "per_page": size}
    return f"{request.base_url}?{urlencode(asked)}"
