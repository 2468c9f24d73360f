"""What is sold and at what price, and how much of it one may have."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Request

from im.standins.azure import catalog, pages
from im.standins.azure.errors import no
from im.standins.azure.subscription import Subscription

if TYPE_CHECKING:
    from im.standins.azure.service import Azure

_TERM = re.compile(r"(\w+) eq '([^']*)'")
_PAGE = 100
_FIELDS = {"priceType": "type"}
"""Of the filter, where a line has another name for it."""


def register(service: Azure) -> None:
    service.handle("GET", "/providers/microsoft.compute/skus", skus)
    service.handle("GET", "/providers/microsoft.compute/locations/<location>/usages", usages)
    service.handle("GET", "/locations", locations)


def skus(subscription: Subscription, request: Request) -> tuple[int, Any]:
    found = dict(_TERM.findall(request.args.get("$filter", "")))
    places = [found["location"]] if "location" in found else catalog.LOCATIONS
    shown = [
        catalog.sku(name, place, (name, place) in subscription.restricted)
        for place in places
        if place in catalog.LOCATIONS
        for name in catalog.SIZES
    ]
    return pages.page(subscription, request, shown)


def usages(subscription: Subscription, request: Request, location: str) -> tuple[int, Any]:
    cores = {name: facts[0] for name, facts in catalog.SIZES.items()}
    used = subscription.used_cores(location, cores)
    name = {"value": "cores", "localizedValue": "Total Regional vCPUs"}
    return 200, {"value": [{"unit": "Count", "currentValue": used, "limit": subscription.cores, "name": name}]}


def locations(subscription: Subscription, request: Request) -> tuple[int, Any]:
    return 200, {"value": [{"name": one, "displayName": one} for one in catalog.LOCATIONS]}


def prices(account: str, request: Request) -> tuple[int, Any]:
    """Filters compare to the letter, and know `eq`, `and` and `or` in parentheses."""
    asked = request.args.get("$filter", "")
    if asked.count("(") != asked.count(")"):
        raise no(400, "BadRequest", "Invalid OData parameters supplied")
    found = [line for line in catalog.prices() if _holds(asked, line)]
    at = int(request.args.get("$skip", 0))
    shown: dict[str, Any] = {
        "BillingCurrency": "USD",
        "Items": found[at : at + _PAGE],
        "Count": len(found[at : at + _PAGE]),
        "NextPageLink": None,
    }
    if at + _PAGE < len(found):
        query = request.query_string.decode().replace(f"&$skip={at}", "").replace(f"&%24skip={at}", "")
        shown["NextPageLink"] = f"{request.base_url}?{query}&$skip={at + _PAGE}"
    return 200, shown


def _holds(asked: str, line: dict[str, Any]) -> bool:
    """`a eq 'x' and (b eq 'y' or b eq 'z')`."""
    for either, alone in re.findall(r"\(([^()]*)\)|(\w+ eq '[^']*')", asked):
        terms = _TERM.findall(either or alone)
        if not any(str(line.get(_FIELDS.get(field, field))) == value for field, value in terms):
            return False
    return True
