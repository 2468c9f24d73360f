"""Quotas: what each user, team and role may have, and how much of it is taken."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import Field
from starlette.responses import Response

from im.domain.errors import NotFound, Superseded
from im.domain.input.duration import parse_duration
from im.domain.people.quota import Quota, QuotaFor
from im.services.people import quotas
from im.views.quota import quota_json
from im.web.answers import JSONResponse
from im.web.api.asker import Asker, Asking
from im.web.api.forms import Duration, Form, Number, Text
from im.web.api.people.documents import (
    QuotaDocument,
    QuotasDocument,
)
from im.web.api.people.marks import Match, NoneYet, failed, if_quota, quota_mark, with_etag
from im.web.api.people.users import LOGIN, LOOK, MATCHED, SEEN

router = APIRouter(prefix="/api/v1", tags=["people"])


class QuotaForm(Form):
    """What is left out is not limited."""

    live: Number | None = Field(default=None, ge=0, le=1_000_000)
    usd_per_hour: Decimal | None = Field(default=None, ge=0, lt=1_000_000, max_digits=12, decimal_places=4)
    longest_ttl: Duration | None = None
    longest_life: Duration | None = None
    types: list[Text] = Field(default=[], max_length=100)


Of = Annotated[QuotaFor, Path()]
Name = Annotated[str, Path(pattern=LOGIN, max_length=64)]


@router.get("/quotas", operation_id="list_quotas", response_model=QuotasDocument, responses=LOOK)
def list_quotas(asker: Asking) -> Response:
    """Every quota that one may see, and how much of it is taken."""
    actor, owners = asker.actor, asker.seen_owners
    seen = None if owners is None else {*owners, *actor.roles}
    found = [use for use in quotas.uses(asker.ctx) if seen is None or use.quota.name in seen]
    return JSONResponse({"items": [quota_json(use) for use in found]})


@router.get("/quotas/{of}/{name}", operation_id="get_quota", response_model=QuotaDocument, responses=SEEN)
def get_quota(asker: Asking, of: Of, name: Name) -> Response:
    """One of them. The ETag is another one whenever somebody has set other limits; what is taken changes nothing about it."""
    use = quotas.one(asker.ctx, of, name)
    owners = asker.seen_owners
    if use is None or not (owners is None or name in {*owners, *asker.actor.roles}):
        raise NotFound(f"{of} {name} has no quota", "im quota  shows those there are")
    return with_etag(quota_json(use), quota_mark(use.quota))


@router.put("/quotas/{of}/{name}", operation_id="set_quota", response_model=QuotaDocument, responses=MATCHED)
def set_quota(
    asker: Asking, of: Of, name: Name, form: QuotaForm, if_match: Match = None, if_none_match: NoneYet = None
) -> Response:
    """Set one, in place of the one there was."""
    wanted = Quota(
        of,
        name,
        form.live,
        form.usd_per_hour,
        parse_duration(form.longest_ttl) if form.longest_ttl else None,
        parse_duration(form.longest_life) if form.longest_life else None,
        tuple(form.types),
    )
    try:
        held = if_quota(asker, of, name, if_match, if_none_match)
        use = quotas.write(held.ctx, wanted, actor=asker.actor)
    except Superseded as exc:
        return _failed(asker, exc, of, name)
    return with_etag(quota_json(use), quota_mark(use.quota))


@router.delete("/quotas/{of}/{name}", operation_id="remove_quota", status_code=204, responses=MATCHED)
def remove_quota(asker: Asking, of: Of, name: Name, if_match: Match = None) -> Response:
    """Set no limit any more."""
    try:
        quotas.remove(if_quota(asker, of, name, if_match).ctx, of, name, actor=asker.actor)
    except Superseded as exc:
        return _failed(asker, exc, of, name)
    return Response(status_code=204)


def _failed(asker: Asker, changed: Superseded, of: QuotaFor, name: str) -> Response:
    use = quotas.one(asker.ctx, of, name)
    return failed(asker, changed, quota=quota_json(use) if use else None)
