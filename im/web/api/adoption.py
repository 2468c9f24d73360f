"""Machines that no row has are taken in, by the cloud's ids: those that im never made, and orphans of ours."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter
from pydantic import Field
from starlette.responses import Response

from im.domain.errors import Refused
from im.domain.intent import Deadline
from im.domain.spec.names import check_login
from im.services.requests import adopt
from im.web.api.asker import Asker, Asking
from im.web.api.documents_of_changes import ChangesDocument
from im.web.api.forms import DeadlineForm, Flag, Form, Text, Word
from im.web.api.idempotency import once
from im.web.api.seen import CHANGED, Answered, Key, as_they_are, changes

router = APIRouter(prefix="/api/v1", tags=["adoption"])
Machines = Annotated[list[Word], Field(min_length=1, max_length=1000, description="By the cloud's own ids.")]


class AdoptOrphansForm(DeadlineForm):
    machines: Machines
    name: Annotated[str, Field(max_length=63)] | None = None
    force: Flag = Field(default=False, description="Though an Auto Scaling group or the like controls it.")


class AdoptForm(AdoptOrphansForm):
    provider: Text | None = None
    account: Text | None = None
    region: Text | None = None
    ssh_user: Text | None = Field(default=None, description="Who logs in; im cannot know.")


class EndOrphansForm(Form):
    machines: Machines
    force: Flag = False


@router.post(
    "/instances:adopt",
    operation_id="adopt_instances",
    status_code=202,
    response_model=ChangesDocument,
    responses=CHANGED,
)
def adopt_instances(asker: Asking, form: AdoptForm, idempotency_key: Key = None) -> Response:
    """Take in machines that im never made. Nothing is terminated unless somebody asks for that."""
    settings = asker.ctx.settings
    cloud, account = settings.place_of(form.provider, form.account)
    request = adopt.AdoptRequest(
        provider=cloud,
        account=account,
        region=form.region or settings.region_of(account, cloud),
        machines=tuple(dict.fromkeys(form.machines)),
        name=form.name,
        deadline=_deadline(form),
        actor=asker.actor,
        ssh_user=check_login(form.ssh_user) if form.ssh_user else "",
        force=form.force,
    )

    def ask(asking: Asker) -> Answered:
        return HTTPStatus.ACCEPTED, changes(asking, adopt.adopt(asking.ctx, request))

    return once(asker, idempotency_key, ["adopt", form.model_dump(mode="json")], ask, as_they_are)


@router.post(
    "/orphans:adopt", operation_id="adopt_orphans", status_code=202, response_model=ChangesDocument, responses=CHANGED
)
def adopt_orphans(asker: Asking, form: AdoptOrphansForm, idempotency_key: Key = None) -> Response:
    """Take orphans in: from then on they are instances like any other."""
    machines, deadline = list(dict.fromkeys(form.machines)), _deadline(form)

    def ask(asking: Asker) -> Answered:
        answer = adopt.adopt_orphans(
            asking.ctx, machines, deadline, name=form.name, actor=asking.actor, force=form.force
        )
        return HTTPStatus.ACCEPTED, changes(asking, answer)

    return once(asker, idempotency_key, ["adopt orphans", form.model_dump(mode="json")], ask, as_they_are)


@router.post(
    "/orphans:terminate",
    operation_id="terminate_orphans",
    status_code=202,
    response_model=ChangesDocument,
    responses=CHANGED,
)
def terminate_orphans(asker: Asking, form: EndOrphansForm, idempotency_key: Key = None) -> Response:
    """End orphans for good, disks and all."""
    machines = list(dict.fromkeys(form.machines))

    def ask(asking: Asker) -> Answered:
        answer = adopt.terminate_orphans(asking.ctx, machines, actor=asking.actor, force=form.force)
        return HTTPStatus.ACCEPTED, changes(asking, answer)

    return once(asker, idempotency_key, ["end orphans", form.model_dump(mode="json")], ask, as_they_are)


def _deadline(form: DeadlineForm) -> Deadline:
    deadline = form.deadline()
    if deadline is None:
        raise Refused("for how long?", "send `duration` or `until`")
    return deadline
