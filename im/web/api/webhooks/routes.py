"""Webhooks: who is told what, and what became of it."""

from __future__ import annotations

from typing import Annotated, get_args

from fastapi import APIRouter, Path, Query
from pydantic import Field
from starlette.responses import Response

from im.domain.input.duration import parse_duration
from im.domain.webhook.target import LONGEST
from im.domain.webhook.webhook import NAME, read_kinds
from im.services.webhooks import hooks
from im.views.webhook import delivery_json, webhook_json
from im.web.answers import JSONResponse
from im.web.api.asker import Asking
from im.web.api.forms import Duration, Flag, Form
from im.web.api.people.users import CHANGE, LOGIN, LOOK
from im.web.api.webhooks.documents import (
    DeliveriesDocument,
    Kind,
    MadeWebhookDocument,
    ResentDocument,
    SentDocument,
    WebhookDocument,
    WebhooksDocument,
)

router = APIRouter(prefix="/api/v1", tags=["webhooks"])
WebhookId = Annotated[str, Path(pattern=r"^whk-[0-9a-f]{10}$")]
Url = Annotated[str, Field(max_length=LONGEST, pattern=r"^https?://[\x21-\x7e]+$")]
Kinds = Annotated[list[Kind], Field(min_length=1, max_length=8)]


class WebhookForm(Form):
    name: Annotated[str, Field(min_length=1, max_length=NAME, pattern=r"^[^\x00-\x1f\x7f]+$")]
    url: Url
    kinds: Kinds = Field(default=list(get_args(Kind)))
    owner: Annotated[str, Field(pattern=LOGIN, max_length=64)] | None = Field(
        default=None, description="A team of yours; you when left out."
    )
    everybody: Flag = Field(default=False, description="Hear of everybody's instances: for admins.")


class WebhookChange(Form):
    """What is left out stays."""

    url: Url | None = None
    kinds: Kinds | None = None
    on: Flag | None = None


class WebhookRotateForm(Form):
    overlap: Duration = "24h"


class DeliveriesQuery(Form):
    limit: int = Field(default=50, ge=1, le=500)
    message: Annotated[str, Field(pattern=r"^msg_[0-9a-f]{24}$")] | None = Field(
        default=None, description="This one alone, by its id."
    )


@router.get("/webhooks", operation_id="list_webhooks", response_model=WebhooksDocument, responses=LOOK)
def list_webhooks(asker: Asking) -> Response:
    """Yours and your team's, or with the right of an admin everybody's; never a secret."""
    found = hooks.listed(asker.ctx, actor=asker.actor)
    return JSONResponse({"items": [webhook_json(one) for one in found]})


@router.post(
    "/webhooks", operation_id="create_webhook", status_code=201, response_model=MadeWebhookDocument, responses=CHANGE
)
def create_webhook(asker: Asking, form: WebhookForm) -> Response:
    """Make one; its secret is in this answer and nowhere else."""
    made = hooks.create(
        asker.ctx,
        form.name,
        form.url,
        kinds=read_kinds(form.kinds),
        owner=form.owner,
        everybody=form.everybody,
        actor=asker.actor,
    )
    return JSONResponse(webhook_json(made.webhook, made.secret), status_code=201)


@router.get("/webhooks/{webhook}", operation_id="get_webhook", response_model=WebhookDocument, responses=CHANGE)
def get_webhook(asker: Asking, webhook: WebhookId) -> Response:
    return JSONResponse(webhook_json(hooks.one(asker.ctx, webhook, actor=asker.actor)))


@router.patch("/webhooks/{webhook}", operation_id="change_webhook", response_model=WebhookDocument, responses=CHANGE)
def change_webhook(asker: Asking, webhook: WebhookId, form: WebhookChange) -> Response:
    """Change where it goes or what it wants, or switch it off and on. What waited while it was off is sent then."""
    kinds = None if form.kinds is None else read_kinds(form.kinds)
    after = hooks.change(asker.ctx, webhook, url=form.url, kinds=kinds, on=form.on, actor=asker.actor)
    return JSONResponse(webhook_json(after))


@router.delete("/webhooks/{webhook}", operation_id="remove_webhook", status_code=204, responses=CHANGE)
def remove_webhook(asker: Asking, webhook: WebhookId) -> Response:
    """Forget it, its secret and whatever was on its way."""
    hooks.remove(asker.ctx, webhook, actor=asker.actor)
    return Response(status_code=204)


@router.post(
    "/webhooks/{webhook}/rotate",
    operation_id="rotate_webhook",
    status_code=201,
    response_model=MadeWebhookDocument,
    responses=CHANGE,
)
def rotate_webhook(asker: Asking, webhook: WebhookId, form: WebhookRotateForm) -> Response:
    """Another secret; messages are signed with the one before as well for `overlap`."""
    made = hooks.rotate(asker.ctx, webhook, overlap=parse_duration(form.overlap), actor=asker.actor)
    return JSONResponse(webhook_json(made.webhook, made.secret), status_code=201)


@router.post(
    "/webhooks/{webhook}/test",
    operation_id="test_webhook",
    status_code=202,
    response_model=SentDocument,
    responses=CHANGE,
)
def test_webhook(asker: Asking, webhook: WebhookId) -> Response:
    """Send it a message of type `webhook.test`; its deliveries say what becomes of it, `?message=` of this one alone."""
    return JSONResponse({"message": hooks.test(asker.ctx, webhook, actor=asker.actor)}, status_code=202)


@router.post(
    "/webhooks/{webhook}/resend",
    operation_id="resend_webhook",
    status_code=202,
    response_model=ResentDocument,
    responses=CHANGE,
)
def resend_webhook(asker: Asking, webhook: WebhookId) -> Response:
    """What was not taken is sent again, under the same ids."""
    return JSONResponse({"count": hooks.resend(asker.ctx, webhook, actor=asker.actor)}, status_code=202)


@router.get(
    "/webhooks/{webhook}/deliveries",
    operation_id="list_deliveries",
    response_model=DeliveriesDocument,
    responses=CHANGE,
)
def list_deliveries(asker: Asking, webhook: WebhookId, asked: Annotated[DeliveriesQuery, Query()]) -> Response:
    """Its newest messages, and what became of each."""
    found = hooks.delivered(asker.ctx, webhook, asked.limit, asked.message, actor=asker.actor)
    return JSONResponse({"items": [delivery_json(one) for one in found]})
