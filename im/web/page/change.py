"""The verbs on the page: what each would come to is shown before it is asked for, and what came of it after."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from fastapi import Form as FormBody
from pydantic import Field
from starlette.responses import Response

from im.domain import intent
from im.domain.errors import Refused, Superseded
from im.domain.instance import Instance
from im.domain.intent import Deadline
from im.domain.money.amount import ZERO, show
from im.domain.money.bill import for_span
from im.domain.spec.disk import fate
from im.domain.state import Observed, OnExpiry
from im.services import pages, queries
from im.services.money import budgets
from im.services.money.costs import costs
from im.services.people import users
from im.views.cost import Costs
from im.views.words.times import ahead, local, names
from im.web.api.agreed import agreed
from im.web.api.asker import Asker
from im.web.api.forms import BatchForm, ExtendForm, Form, GiveForm, ProtectForm, StartForm, Word
from im.web.api.idempotency import once
from im.web.api.seen import Answered, as_they_are, changes, several
from im.web.api.verbs import verb_of
from im.web.page.instances import question_of
from im.web.page.shown import shown
from im.web.page.site import Visit, Visiting

router = APIRouter(prefix="/change", include_in_schema=False)
VERBS = "^(extend|start|stop|terminate|protect|give)$"
Asked = Annotated[str, Path(pattern=VERBS)]
MOST = 1000
STEPS = (timedelta(hours=1), timedelta(hours=4), timedelta(days=1))
USUAL = timedelta(hours=1)


class ChosenQuery(Form):
    id: list[Word] = Field(default=[], max_length=MOST)
    q: Annotated[str, Field(max_length=500)] = ""
    view: Annotated[str, Field(pattern="^(mine|soon|overdue|failed|)$")] = ""


class ChangeForm(Form):
    """`seen`: what the reader agreed to, each as ID:GENERATION, so that a stale button stops nothing that was just extended."""

    seen: list[Annotated[str, Field(pattern=r"^[0-9A-Za-z_-]{1,64}:[0-9]{1,10}$")]] = Field(
        min_length=1, max_length=MOST
    )
    key: Annotated[str, Field(pattern="^[0-9a-f]{32}$")]
    duration: Annotated[str, Field(max_length=40)] = ""
    until: Annotated[str, Field(max_length=40)] = ""
    to: Annotated[str, Field(max_length=128)] = ""
    on: bool = True
    q: Annotated[str, Field(max_length=500)] = ""
    view: Annotated[str, Field(pattern="^(mine|soon|overdue|failed|)$")] = ""
    whole: bool = False
    """All that match the filter were agreed to: more of them by now are a reason to ask again."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One way to move a deadline, and what it comes to for all that are meant."""

    duration: str
    title: str
    ends: str
    money: str


# ---- before ----------------------------------------------------------------------------------------------------------


@router.get("/{verb}")
def show_change(visit: Visiting, verb: Asked, chosen: Annotated[ChosenQuery, Query()]) -> Response:
    """What it would come to; nothing is changed by looking."""
    whole = not chosen.id
    rows, now = _found(visit, chosen)
    fit, left_out = _possible(visit, verb, rows, now)
    money = costs(visit.asker.ctx, fit)
    protected = verb == "protect" and all(row.protected for row in fit)
    told: dict[str, Any] = {
        "verb": verb,
        "title": _title(verb, fit, protected=protected),
        "rows": shown(fit, now, money, visit.asker.actor),
        "left_out": left_out,
        "choices": _choices(visit, fit, now, money) if verb in ("extend", "start") else [],
        "until": (max(now, *(row.expires_at for row in fit)) + USUAL)
        .astimezone(visit.look.zone)
        .strftime("%Y-%m-%dT%H:%M"),
        "budget": _left(visit, fit) if verb in ("extend", "start") else [],
        "fates": [(row.name, fate(row.spec.disks)) for row in fit if any(disk.keep for disk in row.spec.disks)],
        "owners": [user.login for user in users.listed(visit.asker.ctx) if user.disabled_at is None]
        if verb == "give"
        else [],
        "saves": _saved(verb, fit, money),
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
    question = question_of(visit, chosen.q, chosen.view)
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
    decide = _decider(verb, rows)
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


def _decider(verb: str, rows: Sequence[Instance]) -> Any:
    usual = Deadline(by=USUAL)
    on = not all(row.protected for row in rows)
    return {
        "extend": lambda row, now: intent.extend(row, now, usual),
        "start": lambda row, now: intent.start(row, now, usual),
        "stop": intent.stop,
        "terminate": intent.terminate,
        "protect": lambda row, now: intent.protect(row, on),
        "give": lambda row, now: None,
    }[verb]


def _title(verb: str, rows: Sequence[Instance], *, protected: bool) -> str:
    what = names(rows) if len(rows) < 4 else f"{len(rows)} instances"
    words = {"give": f"Give {what} away", "protect": f"{'No longer protect' if protected else 'Protect'} {what}"}
    return words.get(verb, f"{verb.capitalize()} {what}")


def _choices(visit: Visit, rows: Sequence[Instance], now: datetime, money: Costs) -> list[Choice]:
    return [_choice(visit, rows, now, money, step) for step in STEPS]


def _choice(visit: Visit, rows: Sequence[Instance], now: datetime, money: Costs, step: timedelta) -> Choice:
    hours = int(step.total_seconds()) // 3600
    title, duration = ("+1 day", "1d") if hours == 24 else (f"+{hours} h", f"{hours}h")
    zone, first = visit.look.zone, rows[0]
    to = max(now, first.expires_at) + step
    if len(rows) == 1:
        ends = f"{local(first.expires_at, now, zone)} → {local(to, now, zone)} ({ahead(to, now)})"
    else:
        ends = f"each {title[1:]} longer than now"
    return Choice(duration, title, ends, _added(rows, now, money, step))


def _added(rows: Sequence[Instance], now: datetime, money: Costs, step: timedelta) -> str:
    """`$0.42 more`, by the rate while it runs; empty where the price of one is not known."""
    total = ZERO
    for row in rows:
        rate = money[row.id].rates.running
        if rate is None:
            return "price unknown"
        to_come = for_span(rate, max(now, row.expires_at) + step - now)
        total += to_come - (money[row.id].to_deadline or ZERO)
    return f"{show(total)} more"


def _left(visit: Visit, rows: Sequence[Instance]) -> list[str]:
    """How much of each budget is left in which these count."""
    owners = {row.owner for row in rows}
    seen = {use.budget.owner: use for owner in sorted(owners) for use in budgets.of(visit.asker.ctx, owner)}
    return [f"{show(use.left)} of {use.budget.whose} left this month" for use in seen.values()]


def _saved(verb: str, rows: Sequence[Instance], money: Costs) -> Decimal | None:
    """USD an hour less from then on; None where it is not known, or nothing is saved."""
    if verb not in ("stop", "terminate"):
        return None
    running = [row for row in rows if row.observed in (Observed.RUNNING, Observed.PENDING)]
    saved = [money[row.id].rates.saved_by_stop if verb == "stop" else money[row.id].now_per_hour for row in running]
    return sum((usd for usd in saved if usd is not None), ZERO) or None


# ---- doing -----------------------------------------------------------------------------------------------------------


@router.post("/{verb}")
def change(visit: Visiting, verb: Asked, form: Annotated[ChangeForm, FormBody()]) -> Response:
    """All of those that were agreed to, or none."""
    agreed_to = {name: int(generation) for name, _, generation in (word.partition(":") for word in form.seen)}
    several(visit.asker, list(agreed_to))  # what one may not see is not there
    batch = BatchForm(verb=verb, ids=list(agreed_to), **_details(visit, verb, form))
    asked = verb_of(batch)
    if form.whole:
        _check_whole(visit, verb, form, agreed_to)

    def ask(asking: Asker) -> Answered:
        return HTTPStatus.ACCEPTED, changes(asking, asked.send(agreed(asking, agreed_to), list(agreed_to)))

    answer = once(visit.asker, form.key, ["page", verb, batch.model_dump(mode="json")], ask, as_they_are)
    told = json.loads(bytes(answer.body))
    if answer.status_code >= 400:
        raise Refused(told["detail"], told.get("next", ""))
    found = queries.by_ids(visit.asker.ctx, [one["id"] for one in told["items"]])
    before = {one["id"]: one["previous_expires_at"] for one in told["items"]}
    money = costs(visit.asker.ctx, found.rows)
    lines = [(row, _outcome(visit, row, before[row.id], found.now, money)) for row in found.rows]
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
        case "give":
            if not form.to:
                raise Refused("to whom?", "choose the user or team that has it from now on")
            return {"give": GiveForm(to=form.to)}
        case _:
            return {}


def _deadline(visit: Visit, form: ChangeForm) -> dict[str, Any]:
    """`until` is read in the reader's own zone, as it was shown."""
    if form.duration:
        return {"duration": form.duration}
    try:
        at = datetime.fromisoformat(form.until)
    except ValueError:
        raise Refused(f"'{form.until[:40]}' is no moment", "choose a day and a time") from None
    return {"until": at if at.tzinfo else at.replace(tzinfo=visit.look.zone)}


def _check_whole(visit: Visit, verb: str, form: ChangeForm, agreed_to: Mapping[str, int]) -> None:
    """Raises Superseded where a filter that was agreed to as a whole finds others by now."""
    rows, now = _found(visit, ChosenQuery(q=form.q, view=form.view))
    more = [row for row in _possible(visit, verb, rows, now)[0] if row.id not in agreed_to]
    if more:
        raise Superseded(
            f"{names(more)} {'matches' if len(more) == 1 else 'match'} too by now, and nothing was stored",
            "look again, and agree to what is there",
        )


def _outcome(visit: Visit, row: Instance, before: str | None, now: datetime, money: Costs) -> str:
    """`stops 18:04 → 22:04 (in 5h 2m), $1.20 until then`, or the state that it is in by now."""
    zone = visit.look.zone
    was = datetime.fromisoformat(before) if before else None
    if was is not None and abs(was - row.expires_at) > timedelta(seconds=1):
        ends = "stops" if row.on_expiry is OnExpiry.STOP else "terminates"
        to_come = money[row.id].to_deadline
        costs_then = f", {show(to_come)} until then" if to_come else ""
        moved = f"{local(was, now, zone)} → {local(row.expires_at, now, zone)} ({ahead(row.expires_at, now)})"
        return f"{ends} {moved}{costs_then}"
    return shown([row], now, money, visit.asker.actor)[0].status
