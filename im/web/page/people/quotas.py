"""Quotas: what each user, team and role may have, and for admins how to set and remove them."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi import Form as FormBody
from pydantic import Field
from starlette.responses import Response

from im.domain.access import Role, Verb
from im.domain.errors import Denied, ImError, Refused
from im.domain.input.duration import format_duration, parse_duration
from im.domain.input.text import OWNER, check_text
from im.domain.people.quota import Quota, QuotaFor
from im.domain.people.user import UserKind
from im.services.people import quotas, users
from im.web.api.forms import Form
from im.web.api.people.marks import on_quota, quota_mark
from im.web.api.people.users import LOGIN
from im.web.api.problem import status_of
from im.web.page.people.forms import SAID, Line, Mark, can, done
from im.web.page.site import Visit, Visiting

router = APIRouter(prefix="/people/quotas", include_in_schema=False)
Name = Annotated[str, Field(pattern=LOGIN, max_length=64)]


class WhoseQuery(Form):
    of: QuotaFor
    name: Name


class QuotaForm(Form):
    """As it was typed, so that what is wrong with it is said and the rest stays."""

    of: QuotaFor
    name: Line
    seen: Mark
    live: Line = ""
    usd_per_hour: Line = ""
    longest_ttl: Line = ""
    longest_life: Line = ""
    types: Line = ""


class RemoveForm(Form):
    of: QuotaFor
    name: Name
    seen: Mark


@router.get("")
def show_quotas(visit: Visiting) -> Response:
    """Those that one may see."""
    actor, owners = visit.asker.actor, visit.asker.seen_owners
    seen = None if owners is None else {*owners, *actor.roles}
    uses = [use for use in quotas.uses(visit.asker.ctx) if seen is None or use.quota.name in seen]
    manages = can(actor, Verb.SET_QUOTA)
    return visit.show(
        "people/quotas.html",
        quotas=[(use, quotas.said(use.quota)) for use in uses],
        manages=manages,
        whose=_whose(visit) if manages else [],
    )


@router.get("/set")
def show_set(visit: Visiting, asked: Annotated[WhoseQuery, Query()]) -> Response:
    _check(visit)
    now = _now(visit, asked.of, asked.name)
    return _show_set(visit, QuotaForm(of=asked.of, name=asked.name, seen=quota_mark(now), **_written(now)), now)


def _show_set(visit: Visit, typed: QuotaForm, now: Quota | None, *, wrong: ImError | None = None) -> Response:
    told: dict[str, Any] = {"typed": typed, "there": now is not None, "wrong": wrong}
    return visit.show("people/quota.html", status=status_of(wrong) if wrong else 200, **told)


@router.post("/set")
def set_quota(visit: Visiting, typed: Annotated[QuotaForm, FormBody()]) -> Response:
    """In place of the one there was: what is left out is not limited."""
    asker = on_quota(visit.asker, typed.of, typed.name, typed.seen)
    try:
        wanted = _read(typed)
        quotas.write(asker.ctx, wanted, actor=asker.actor)
    except SAID as exc:
        return _show_set(visit, typed, _now(visit, typed.of, typed.name), wrong=exc)
    return done(visit, "The quota is set", f"Quota of {typed.of} {typed.name}: {quotas.said(wanted)}", "/people/quotas")


@router.post("/remove")
def remove_quota(visit: Visiting, form: Annotated[RemoveForm, FormBody()]) -> Response:
    asker = on_quota(visit.asker, form.of, form.name, form.seen)
    try:
        quotas.remove(asker.ctx, form.of, form.name, actor=asker.actor)
    except SAID as exc:
        now = _now(visit, form.of, form.name)
        typed = QuotaForm(of=form.of, name=form.name, seen=form.seen, **_written(now))
        return _show_set(visit, typed, now, wrong=exc)
    return done(visit, "The quota is removed", f"No limit any more for {form.of} {form.name}", "/people/quotas")


def _check(visit: Visit) -> None:
    if not can(visit.asker.actor, Verb.SET_QUOTA):
        raise Denied(f"{visit.asker.actor.name} may not {Verb.SET_QUOTA}", "ask an admin of this deployment")


def _now(visit: Visit, of: QuotaFor, name: str) -> Quota | None:
    found = (use.quota for use in quotas.uses(visit.asker.ctx))
    return next((quota for quota in found if (quota.of, quota.name) == (of, name)), None)


def _whose(visit: Visit) -> list[tuple[str, list[str]]]:
    """Whom one can be set for: (kind, names)."""
    known = users.listed(visit.asker.ctx)
    return [
        (QuotaFor.USER.value, [user.login for user in known if user.kind is not UserKind.TEAM]),
        (QuotaFor.TEAM.value, [user.login for user in known if user.kind is UserKind.TEAM]),
        (QuotaFor.ROLE.value, [role.value for role in Role]),
    ]


# ---- as it is typed --------------------------------------------------------------------------------------------------


def _written(quota: Quota | None) -> dict[str, str]:
    if quota is None:
        return {}

    def span(long: timedelta | None) -> str:
        return format_duration(long) if long else ""

    return {
        "live": "" if quota.live is None else str(quota.live),
        "usd_per_hour": "" if quota.usd_per_hour is None else f"{quota.usd_per_hour:f}",
        "longest_ttl": span(quota.longest_ttl),
        "longest_life": span(quota.longest_life),
        "types": " ".join(quota.types),
    }


def _read(typed: QuotaForm) -> Quota:
    """Raises Refused."""
    check_text(typed.name, "the name", OWNER, "/people  shows who there is")
    read: dict[str, Any] = {
        "live": _count(typed.live.strip()),
        "usd_per_hour": _amount(typed.usd_per_hour.strip()),
        "longest_ttl": parse_duration(typed.longest_ttl.strip()) if typed.longest_ttl.strip() else None,
        "longest_life": parse_duration(typed.longest_life.strip()) if typed.longest_life.strip() else None,
        "types": tuple(typed.types.replace(",", " ").split()),
    }
    for one in read["types"]:
        check_text(one, "a pattern of types", 100, "write it like t3.*")
    wanted = Quota(typed.of, typed.name, **read)
    if wanted == Quota(typed.of, typed.name):
        raise Refused("that would limit nothing", "fill in one of the fields, or remove the quota")
    return wanted


def _count(text: str) -> int | None:
    if text and not (text.isascii() and text.isdecimal() and int(text) <= 1_000_000):
        raise Refused(f"'{text[:40]}' is no number of machines", "write it like 5")
    return int(text) if text else None


def _amount(text: str) -> Decimal | None:
    if not text:
        return None
    try:
        amount = Decimal(text.removeprefix("$"))
    except InvalidOperation:
        raise Refused(f"'{text[:40]}' is not an amount", "write it like 3 or 0.50") from None
    if not amount.is_finite() or not 0 <= amount < 1_000_000 or amount != round(amount, 4):
        raise Refused(f"'{text[:40]}' cannot be a limit", "write USD an hour, like 3 or 0.50")
    return amount
