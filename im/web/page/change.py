"""The verbs on the page: what each would come to is shown before it is asked for, and what came of it after."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from fastapi import Form as FormBody
from pydantic import Field, ValidationError
from starlette.responses import Response

from im.domain.errors import Refused, Superseded
from im.domain.instance import Instance
from im.domain.money.amount import ZERO, show
from im.domain.spec.disk import fate
from im.domain.state import ALIVE
from im.services import pages, queries
from im.services.money.costs import costs
from im.services.people import users
from im.services.requests.shelving import decide_stop, refuse_adopted
from im.views.change import read_added
from im.views.cost import Costs
from im.views.words.money import adding
from im.views.words.times import ahead, local, names
from im.web.api.agreed import agreed
from im.web.api.asker import Asker
from im.web.api.forms import BatchForm, ExtendForm, Form, GiveForm, ProtectForm, StartForm, StopForm, Word
from im.web.api.idempotency import once
from im.web.api.seen import Answered, as_they_are, changes, several
from im.web.api.verbs import verb_of
from im.web.page.choices import USUAL, choices, decider
from im.web.page.instances import question_of
from im.web.page.shown import shown
from im.web.page.site import Visit, Visiting
from im.web.page.stored import items, uses

router = APIRouter(prefix="/change", include_in_schema=False)
VERBS = "^(extend|start|stop|terminate|protect|give)$"
Asked = Annotated[str, Path(pattern=VERBS)]
MOST = 1000


class ChosenQuery(Form):
    id: list[Word] = Field(default=[], max_length=MOST)
    q: Annotated[str, Field(max_length=500)] = ""
    view: Annotated[str, Field(pattern="^(mine|soon|overdue|failed|)$")] = ""


class ChangeForm(Form):
    """`seen`: what the reader agreed to, each as ID:GENERATION, so that a stale button stops nothing that was just extended."""

    seen: list[Annotated[str, Field(pattern=r"^[0-9A-Za-z][0-9A-Za-z_-]{0,63}:[0-9]{1,10}$")]] = Field(
        min_length=1, max_length=MOST
    )
    key: Annotated[str, Field(pattern="^[0-9a-f]{32}$")]
    duration: Annotated[str, Field(max_length=40)] = ""
    until: Annotated[str, Field(max_length=40)] = ""
    to: Annotated[str, Field(max_length=128)] = ""
    shelve: bool = False
    on: bool = True
    q: Annotated[str, Field(max_length=500)] = ""
    view: Annotated[str, Field(pattern="^(mine|soon|overdue|failed|)$")] = ""
    whole: bool = False
    """All that match the filter were agreed to: more of them by now are a reason to ask again."""


# ---- before ----------------------------------------------------------------------------------------------------------


@router.get("/{verb}")
def show_change(visit: Visiting, verb: Asked, chosen: Annotated[ChosenQuery, Query()]) -> Response:
    """What it would come to; nothing is changed by looking."""
    whole = not chosen.id
    rows, now = _found(visit, chosen)
    fit, left_out = _possible(visit, verb, rows, now)
    money = costs(visit.asker.ctx, fit, now)
    protected = verb == "protect" and all(row.protected for row in fit)
    told: dict[str, Any] = {
        "verb": verb,
        "title": _title(verb, fit, protected=protected),
        "rows": shown(fit, now, money, visit.asker.actor, visit.look.zone),
        "left_out": left_out,
        "choices": choices(visit, verb, fit, now, money) if verb in ("extend", "start") else [],
        "until": (max(now, *(row.expires_at for row in fit)) + USUAL)
        .astimezone(visit.look.zone)
        .strftime("%Y-%m-%dT%H:%M"),
        "budget": _left(visit, fit) if verb in ("extend", "start") else [],
        "fates": [(row.name, fate(row.spec.disks)) for row in fit if any(disk.keep for disk in row.spec.disks)],
        "owners": [user.login for user in users.listed(visit.asker.ctx) if user.disabled_at is None]
        if verb == "give"
        else [],
        "saves": _saved(verb, fit, money),
        "shelvable": verb == "stop" and _can_shelve(fit, now),
        "key": secrets.token_hex(16),
        "asked": chosen,
        "whole": whole,
        "protected": protected,
    }
    return visit.show("change.html", now=now, **told)


def _found(visit: Visit, chosen: ChosenQuery) -> tuple[Sequence[Instance], datetime]:
    if chosen.id:
        return several(visit.asker, chosen.id)
    if not chosen.q and not chosen.view:
        raise Refused("nothing is chosen", "choose rows in the list, or set a filter first")
    question = question_of(visit.asker, chosen.q, chosen.view)
    page = pages.page(visit.asker.ctx, question, None, MOST, visit.asker.actor.name)
    if page.next is not None:
        raise Refused(f"more than {MOST} instances match", "set a narrower filter, and go on from there")
    if not page.rows:
        raise Refused("no instance matches", "look at the list again")
    return page.rows, page.now


def _possible(
    visit: Visit, verb: str, rows: Sequence[Instance], now: datetime
) -> tuple[list[Instance], list[tuple[str, str]]]:
    """Those that it can be done to, and the others with the reason. Raises the reason where there is no other."""
    decide = decider(verb, rows)
    fit: list[Instance] = []
    left_out: list[tuple[str, str]] = []
    first: Refused | None = None
    for row in rows:
        try:
            decide(row, now)
            fit.append(row)
        except Refused as exc:
            first = first or exc
            left_out.append((row.name, exc.message))
    if not fit:
        assert first is not None
        raise first
    return fit, left_out


def _title(verb: str, rows: Sequence[Instance], *, protected: bool) -> str:
    what = names(rows) if len(rows) < 4 else f"{len(rows)} instances"
    words = {"give": f"Give {what} away", "protect": f"{'No longer protect' if protected else 'Protect'} {what}"}
    return words.get(verb, f"{verb.capitalize()} {what}")


def _left(visit: Visit, rows: Sequence[Instance]) -> list[str]:
    """How much of each budget is left in which these count."""
    return [
        f"{show(use.left)} of {use.budget.whose} left this month" for use in uses(visit, {row.owner for row in rows})
    ]


def _can_shelve(rows: Sequence[Instance], now: datetime) -> bool:
    """May all of them give way to snapshots of themselves?"""
    try:
        for row in rows:
            refuse_adopted(row)
            decide_stop(row, now, shelve=True)
    except Refused:
        return False
    return True


def _saved(verb: str, rows: Sequence[Instance], money: Costs) -> Decimal | None:
    """USD an hour less from then on; None where it is not known, or nothing is saved."""
    if verb not in ("stop", "terminate"):
        return None
    running = [row for row in rows if row.observed in ALIVE]
    saved = [money[row.id].rates.saved_by_stop if verb == "stop" else money[row.id].now_per_hour for row in running]
    return sum((usd for usd in saved if usd is not None), ZERO) or None


# ---- doing -----------------------------------------------------------------------------------------------------------


@router.post("/{verb}")
def change(visit: Visiting, verb: Asked, form: Annotated[ChangeForm, FormBody()]) -> Response:
    """All of those that were agreed to, or none."""
    agreed_to = {name: int(generation) for name, _, generation in (word.partition(":") for word in form.seen)}
    several(visit.asker, list(agreed_to))  # what one may not see is not there
    try:
        batch = BatchForm(verb=verb, ids=list(agreed_to), **_details(visit, verb, form))
    except ValidationError:  # no button of the page sends it
        raise Refused("that is nothing that can be asked for", "go back, and try it from there") from None
    asked = verb_of(batch)
    if form.whole:
        _check_whole(visit, verb, form, agreed_to)

    def ask(asking: Asker) -> Answered:
        return HTTPStatus.ACCEPTED, changes(asking, asked.send(agreed(asking, agreed_to), list(agreed_to)))

    told = items(once(visit.asker, form.key, ["page", verb, batch.model_dump(mode="json")], ask, as_they_are))
    found = queries.by_ids(visit.asker.ctx, [one["id"] for one in told])
    answered = {one["id"]: one for one in told}
    money = costs(visit.asker.ctx, found.rows, found.now)
    lines = [(row, _outcome(visit, row, answered[row.id], found.now, money)) for row in found.rows]
    budget = _left(visit, found.rows) if verb in ("extend", "start") else []
    return visit.show("changed.html", now=found.now, verb=verb, lines=lines, budget=budget)


def _details(visit: Visit, verb: str, form: ChangeForm) -> dict[str, Any]:
    match verb:
        case "extend":
            return {"extend": ExtendForm(**_deadline(visit, form))}
        case "start":
            return {"start": StartForm(**_deadline(visit, form))}
        case "protect":
            return {"protect": ProtectForm(on=form.on)}
        case "stop":
            return {"stop": StopForm(shelve=form.shelve)}
        case "give":
            if not form.to:
                raise Refused("to whom?", "choose the user or team that has it from now on")
            return {"give": GiveForm(to=form.to)}
        case _:
            return {}


def _deadline(visit: Visit, form: ChangeForm) -> dict[str, Any]:
    """`until` is read in the reader's own zone, as it was shown."""
    if form.duration == "keep":
        return {}
    return {"duration": form.duration} if form.duration else {"until": visit.look.moment(form.until)}


def _check_whole(visit: Visit, verb: str, form: ChangeForm, agreed_to: Mapping[str, int]) -> None:
    """Raises Superseded where a filter that was agreed to as a whole finds others by now."""
    rows, now = _found(visit, ChosenQuery(q=form.q, view=form.view))
    more = [row for row in _possible(visit, verb, rows, now)[0] if row.id not in agreed_to]
    if more:
        raise Superseded(
            f"{names(more)} {'matches' if len(more) == 1 else 'match'} too by now, and nothing was stored",
            "look again, and agree to what is there",
        )


def _outcome(visit: Visit, row: Instance, told: Mapping[str, Any], now: datetime, money: Costs) -> str:
    """`stops 18:04 → 22:04 (in 5h 2m) · $0.42 more, $1.20 until then`, or the state that it is in by now."""
    zone, before = visit.look.zone, told["previous_expires_at"]
    was = datetime.fromisoformat(before) if before else None
    if was is not None and abs(was - row.expires_at) > timedelta(seconds=1):
        ends = row.on_expiry.does
        moved = f"{local(was, now, zone)} → {local(row.expires_at, now, zone)} ({ahead(row.expires_at, now)})"
        return f"{ends} {moved}{adding(read_added(told))}"
    return shown([row], now, money, visit.asker.actor, visit.look.zone)[0].words.status
