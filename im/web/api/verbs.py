"""The verbs: what is asked of instances that there are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from im.domain import intent
from im.domain.access import Verb as Right
from im.domain.errors import Refused
from im.domain.instance import Instance
from im.domain.intent import Intent
from im.services import access, pages
from im.services.money.costs import costs
from im.services.requests import change, give, limits
from im.services.requests.result import Answer
from im.services.requests.shelving import decide_stop
from im.views.change import rehearsals_json
from im.web.answers import JSONResponse
from im.web.api.agreed import agreed
from im.web.api.asker import Asker, Asking
from im.web.api.documents_of_changes import ChangeDocument, ChangesDocument, RehearsalDocument, RehearsalsDocument
from im.web.api.forms import BatchForm, ExtendForm, GiveForm, ListQuery, ProtectForm, StartForm, StopForm
from im.web.api.idempotency import once
from im.web.api.instances import question_of
from im.web.api.problem import changed_since, rehearsed
from im.web.api.seen import (
    CHANGED,
    Answered,
    DryRun,
    Id,
    Key,
    Match,
    as_they_are,
    changes,
    document,
    matches,
    one,
    several,
)

router = APIRouter(prefix="/api/v1", tags=["verbs"])


@dataclass(frozen=True, slots=True)
class Verb:
    """`decide` says what it would come to for a row, where that can be said; `send` stores it."""

    name: str
    right: Right
    send: Callable[[Asker, Sequence[str]], Answer]
    decide: Callable[[Instance, datetime], Intent] | None = None

    def rehearse(self, asker: Asker, rows: Sequence[Instance], now: datetime) -> dict[str, Any]:
        """Raises what the request itself would raise: Refused, Denied, OverLimit."""
        if self.decide is None:
            raise Refused(f"there is no rehearsal of {self.name}", "leave dry_run out")
        access.ask(asker.actor, self.right).on(row.owner for row in rows)
        would = [(row, self.decide(row, now)) for row in rows]
        limits.rehearse(asker.ctx, rows, [intent.on(row) for row, intent in would], now)
        return rehearsals_json(would, now, costs(asker.ctx, rows, now))


def _extend(form: ExtendForm) -> Verb:
    deadline = form.deadline()
    if deadline is None:
        raise Refused("for how long?", "send `duration` or `until`")
    return Verb(
        "extend",
        Right.EXTEND,
        lambda asker, ids: change.extend(asker.ctx, ids, deadline, actor=asker.actor, start=form.start),
        lambda row, now: intent.extend(row, now, deadline, start=form.start),
    )


def _start(form: StartForm) -> Verb:
    deadline = form.deadline()
    return Verb(
        "start",
        Right.START,
        lambda asker, ids: change.start(asker.ctx, ids, deadline, actor=asker.actor),
        lambda row, now: intent.start(row, now, deadline),
    )


def _stop(form: StopForm) -> Verb:
    return Verb(
        "stop",
        Right.STOP,
        lambda asker, ids: change.stop(asker.ctx, ids, actor=asker.actor, shelve=form.shelve),
        lambda row, now: decide_stop(row, now, shelve=form.shelve),
    )


_TERMINATE = Verb(
    "terminate",
    Right.TERMINATE,
    lambda asker, ids: change.terminate(asker.ctx, ids, actor=asker.actor),
    intent.terminate,
)


def _protect(form: ProtectForm) -> Verb:
    return Verb(
        "protect", Right.PROTECT, lambda asker, ids: change.protect(asker.ctx, ids, on=form.on, actor=asker.actor)
    )


def _give(form: GiveForm) -> Verb:
    return Verb("give", Right.GIVE, lambda asker, ids: give.give(asker.ctx, ids, form.to, actor=asker.actor))


_CHANGE: dict[str, Any] = {"status_code": 202, "response_model": ChangeDocument, "responses": CHANGED}
_REHEARSED: dict[str, Any] = {**_CHANGE, "responses": rehearsed(RehearsalDocument, CHANGED)}


@router.post("/instances/{name}/extend", operation_id="extend_instance", **_REHEARSED)
def extend_instance(
    asker: Asking,
    name: Id,
    form: ExtendForm,
    dry_run: DryRun = False,
    if_match: Match = None,
    idempotency_key: Key = None,
) -> Response:
    """Move its deadline; a stopped one wakes."""
    return _one_changed(asker, name, _extend(form), form.model_dump(mode="json"), dry_run, if_match, idempotency_key)


@router.post("/instances/{name}/start", operation_id="start_instance", **_REHEARSED)
def start_instance(
    asker: Asking,
    name: Id,
    form: StartForm,
    dry_run: DryRun = False,
    if_match: Match = None,
    idempotency_key: Key = None,
) -> Response:
    """Start it; a new deadline is needed when the old one has passed."""
    return _one_changed(asker, name, _start(form), form.model_dump(mode="json"), dry_run, if_match, idempotency_key)


@router.post("/instances/{name}/stop", operation_id="stop_instance", **_REHEARSED)
def stop_instance(
    asker: Asking,
    name: Id,
    form: StopForm | None = None,
    dry_run: DryRun = False,
    if_match: Match = None,
    idempotency_key: Key = None,
) -> Response:
    """Stop it now; its disk stays, or, where it is to be shelved, a snapshot of it."""
    asked = form if form is not None and form.shelve else None  # a key means the same as it did before there was a form
    told = asked.model_dump(mode="json") if asked else None
    return _one_changed(asker, name, _stop(asked or StopForm()), told, dry_run, if_match, idempotency_key)


@router.post("/instances/{name}/terminate", operation_id="terminate_instance", **_REHEARSED)
def terminate_instance(
    asker: Asking, name: Id, dry_run: DryRun = False, if_match: Match = None, idempotency_key: Key = None
) -> Response:
    """End it for good, disk and all."""
    return _one_changed(asker, name, _TERMINATE, None, dry_run, if_match, idempotency_key)


@router.post("/instances/{name}/protect", operation_id="protect_instance", **_CHANGE)
def protect_instance(
    asker: Asking, name: Id, form: ProtectForm, if_match: Match = None, idempotency_key: Key = None
) -> Response:
    """Guard it against being terminated, or no longer."""
    return _one_changed(asker, name, _protect(form), form.model_dump(mode="json"), False, if_match, idempotency_key)


@router.post("/instances/{name}/give", operation_id="give_instance", **_CHANGE)
def give_instance(
    asker: Asking, name: Id, form: GiveForm, if_match: Match = None, idempotency_key: Key = None
) -> Response:
    """Hand it over to another user or team."""
    return _one_changed(asker, name, _give(form), form.model_dump(mode="json"), False, if_match, idempotency_key)


def _one_changed(
    asker: Asker, name: str, verb: Verb, form: object, dry_run: bool, if_match: str | None, key: str | None
) -> Response:
    row, now = one(asker, name)
    if if_match is not None and not matches(if_match, row):
        told = f"{row.name} has changed since: its generation is {row.generation} by now"
        return changed_since(told, asker.actor.request_id, instance=document(asker, row, now))
    if dry_run:
        return JSONResponse(verb.rehearse(asker, [row], now)["items"][0])

    def ask(asking: Asker) -> Answered:
        held = asking if if_match in (None, "*") else agreed(asking, {row.id: row.generation})
        return HTTPStatus.ACCEPTED, changes(asking, verb.send(held, [row.id]))["items"][0]

    def again(asking: Asker, _: list[str]) -> Answered:
        status, told = as_they_are(asking, [row.id])
        return status, told["items"][0]

    return once(asker, key, [verb.name, row.id, form], ask, again)


@router.post(
    "/instances:batch",
    operation_id="change_instances",
    status_code=202,
    response_model=ChangesDocument,
    responses=rehearsed(RehearsalsDocument, CHANGED),
)
def change_instances(asker: Asking, form: BatchForm, dry_run: DryRun = False, idempotency_key: Key = None) -> Response:
    """One verb on several, all or none. A filter has to find as many as were expected, counted here."""
    verb = verb_of(form)
    rows, now = chosen(asker, form)
    if dry_run:
        return JSONResponse(verb.rehearse(asker, rows, now))

    def ask(asking: Asker) -> Answered:
        return HTTPStatus.ACCEPTED, changes(asking, verb.send(asking, [row.id for row in rows]))

    return once(asker, idempotency_key, ["batch", form.model_dump(mode="json")], ask, as_they_are)


def verb_of(form: BatchForm) -> Verb:
    match form.verb:
        case "extend":
            return _extend(form.extend or ExtendForm())
        case "start":
            return _start(form.start or StartForm())
        case "protect":
            return _protect(form.protect or ProtectForm())
        case "give":
            if form.give is None:
                raise Refused("to whom?", "send `give` with `to`")
            return _give(form.give)
        case "stop":
            return _stop(form.stop or StopForm())
        case _:
            return _TERMINATE


def chosen(asker: Asker, form: BatchForm) -> tuple[Sequence[Instance], datetime]:
    if form.ids:
        return several(asker, form.ids)
    assert form.q is not None
    assert form.expected is not None
    question = question_of(asker, ListQuery(q=form.q))
    page = pages.page(asker.ctx, question, None, form.expected, asker.actor.name)
    if page.next is not None or len(page.rows) != form.expected:
        count = f"more than {form.expected}" if page.next is not None else str(len(page.rows))
        raise Refused(
            f"that finds {count} by now, and {form.expected} were expected", "look again, and agree to what is there"
        )
    return page.rows, page.now
