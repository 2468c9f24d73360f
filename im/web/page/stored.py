"""What the page tells of a request: the rows that it has changed, and what is left of the budgets in which they count."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

from starlette.responses import Response

from im.domain.errors import Refused
from im.domain.money.budget import EVERYBODY, Use
from im.services.money import budgets
from im.web.page.site import Visit


def items(answer: Response) -> list[dict[str, Any]]:
    """The documents that the API would have answered with. Raises Refused where it would have refused."""
    told = json.loads(bytes(answer.body))
    if answer.status_code >= 400:
        raise Refused(told["detail"], told.get("next", ""))
    found: list[dict[str, Any]] = told["items"]
    return found


def uses(visit: Visit, owners: Collection[str]) -> list[Use]:
    """How the budgets stand in which what these owners have is counted."""
    return [use for use in budgets.uses(visit.asker.ctx) if use.budget.owner in (EVERYBODY, *owners)]
