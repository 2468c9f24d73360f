"""Instances: list, one of them, and asking for more."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from im.db.read.instances import Wanted
from im.domain.errors import Refused
from im.domain.guard import GuardKind
from im.domain.intent import Deadline
from im.domain.people.view import View
from im.domain.selection import Filter, parse_filters
from im.domain.spec import firewall
from im.domain.spec.disk import parse_disk
from im.domain.spec.names import check_login, check_tags
from im.domain.spec.spot import ONCE, Spot, parse_max_price
from im.domain.state import OnExpiry
from im.providers import registry
from im.providers.request import Ask
from im.services import pages
from im.services.money.best_offers import best_offers
from im.services.money.quotes import quote_of
from im.services.people import users, views
from im.services.requests import create
from im.services.requests import order as orders
from im.services.requests.anywhere import placed
from im.services.requests.order import Order, defaults_said, keeps_out, region_said
from im.services.requests.wish import Wish
from im.settings import Settings
from im.views.plan import Rehearsed, plan_json
from im.views.times import utc
from im.web.answers import JSONResponse
from im.web.api import cursor
from im.web.api.asker import Asker, Asking
from im.web.api.documents import InstanceDocument, InstancesDocument, PlanDocument
from im.web.api.documents_of_changes import ChangesDocument
from im.web.api.forms import CreateForm, ListQuery
from im.web.api.idempotency import once
from im.web.api.problem import rehearsed
from im.web.api.seen import (
    CHANGED,
    SEEN,
    UNCHANGED,
    Answered,
    DryRun,
    Id,
    Key,
    Match,
    as_they_are,
    changes,
    document,
    documents,
    etag,
    matches,
    one,
    several,
    with_etag,
)

router = APIRouter(prefix="/api/v1", tags=["instances"])
USUAL = timedelta(hours=1)


# ---- looking ---------------------------------------------------------------------------------------------------------


@router.get("/instances", operation_id="list_instances", response_model=InstancesDocument, responses=SEEN)
def list_instances(asker: Asking, request: Request, asked: Annotated[ListQuery, Query()]) -> Response:
    """One page of instances, the soonest deadline first."""
    if asked.id:
        rows, now = several(asker, asked.id)
        return JSONResponse({"items": documents(asker, rows, now), "next": None, "now": utc(now)})
    question = question_of(asker, asked)
    told = asked.model_dump(exclude={"limit", "cursor"}, exclude_none=True)
    after = cursor.read(asked.cursor, told) if asked.cursor else None
    found = pages.page(asker.ctx, question, after, asked.limit, asker.actor.name)
    following = cursor.write(found.next, told) if found.next else None
    body = {
        "items": documents(asker, found.rows, found.now),
        "next": following,
        "now": utc(found.now),
    }
    answer = JSONResponse(body)
    if following:
        url = request.url.include_query_params(cursor=following)
        answer.headers["Link"] = f'<{url.path}?{url.query}>; rel="next"'
    return answer


def question_of(asker: Asker, asked: ListQuery) -> pages.Question:
    if asked.expires_before is not None and asked.expires_before.tzinfo is None:
        raise Refused("`expires_before` has no offset from UTC", "write it like 2030-01-31T18:00:00Z")
    filters = list(parse_filters(asked.q)) if asked.q else []
    view = views.one(asker.ctx, asked.view, asker.actor.name) if asked.view else View("")
    filters += parse_filters(view.q)
    filters += [Filter(key, value) for key in ("owner", "status") if (value := getattr(asked, key))]
    tag = asked.tag.partition("=") if asked.tag else None
    wanted = Wanted(
        everything=asked.all or view.everything,
        owners=asker.seen_owners,
        tag=(tag[0], tag[2]) if tag else None,
        expires_before=asked.expires_before,
    )
    return pages.question(filters, wanted, asker.actor.name, view.base)


@router.get(
    "/instances/{name}", operation_id="get_instance", response_model=InstanceDocument, responses={**SEEN, **UNCHANGED}
)
def get_instance(asker: Asking, name: Id, if_none_match: Match = None) -> Response:
    """One instance. Its ETag is its generation, which counts requests."""
    row, now = one(asker, name)
    if if_none_match is not None and matches(if_none_match, row):
        return Response(status_code=304, headers={"ETag": etag(row)})
    return with_etag(document(asker, row, now), row)


# ---- creating --------------------------------------------------------------------------------------------------------


@router.post(
    "/instances",
    operation_id="create_instances",
    status_code=202,
    response_model=ChangesDocument,
    responses=rehearsed(PlanDocument, CHANGED),
)
def create_instances(asker: Asking, form: CreateForm, dry_run: DryRun = False, idempotency_key: Key = None) -> Response:
    """Ask for machines, each with a deadline. The request is stored when the answer leaves; the cloud is later."""
    order = order_of(asker, form)
    if dry_run:
        create.rehearse(asker.ctx, order)
        return JSONResponse(plan_of(asker, order))

    def ask(asking: Asker) -> Answered:
        return HTTPStatus.ACCEPTED, changes(asking, create.create(asking.ctx, order))

    return once(asker, idempotency_key, ["create", form.model_dump(mode="json")], ask, as_they_are)


def order_of(asker: Asker, form: CreateForm) -> Order:
    if form.owner is not None and not asker.actor.owns(form.owner):
        users.check_owner(asker.ctx, form.owner)
    return placed(asker.ctx, _wish(asker.ctx.settings, form), asker.actor, lambda: _network_of(form))


def _wish(settings: Settings, form: CreateForm) -> Wish:
    most = parse_max_price(form.max_price) if form.max_price else None
    opened = tuple(rule for text in form.open for rule in firewall.parse_open(text))
    firewall.check_door(form.ssh_from or (), opened)
    ask = Ask(
        instance_type=form.instance_type,
        zone=form.availability_zone,
        image=form.image,
        ssh_user=check_login(form.ssh_user) if form.ssh_user else None,
        public_key=form.public_key.strip(),
        tags=check_tags(form.tags),
        open_ports=opened,
        user_data=_bytes(form.user_data),
        hibernate=form.hibernate,
        root_disk=parse_disk(form.disk) if form.disk else None,
        volumes=tuple(parse_disk(text) for text in form.volumes),
        network=form.vpc,
        subnet=form.subnet,
        spot=Spot(form.spot == ONCE, most) if form.spot else None,
        options=_options(form),
    )
    return Wish(
        ask=ask,
        deadline=form.deadline() or Deadline(by=USUAL),
        name=form.name,
        count=form.count,
        provider=form.provider,
        account=form.account,
        owner=form.owner,
        ssh_from=_who_may_come(settings, form),
        guard=GuardKind(form.guard) if form.guard else None,
        keep_stopped=form.keep_stopped or "",
        protect=form.protect,
        on_expiry=OnExpiry(form.on_expiry) if form.on_expiry else None,
        retry=form.retry,
        max_price=None if form.spot else most,
    )


def _who_may_come(settings: Settings, form: CreateForm) -> tuple[str, ...]:
    """Nothing is said where the form does not, and a flag of the cloud's own does, or the cloud keeps nobody out."""
    own_door = any(form.options.get(flag.name) for flag in registry.flags() if flag.lets_in)
    unsaid = "ssh_from" not in form.model_fields_set
    if form.ssh_from is None or (unsaid and (own_door or not keeps_out(settings, form.provider, form.account))):
        return ()
    return firewall.check_sources(form.ssh_from) or (firewall.NOBODY,)


class AddressWanted(Refused):
    """Only the client can know it."""

    code = "address_wanted"


def _network_of(form: CreateForm) -> str:
    if form.own_network is None:
        raise AddressWanted("which network `me` in `ssh_from` stands for is not known here", "send `own_network`")
    return firewall.check_source(form.own_network)


def _bytes(text: str | None) -> bytes | None:
    if text is None:
        return None
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        raise Refused("`user_data` is no base64", "encode it: base64 -w0 FILE") from None


def _options(form: CreateForm) -> dict[str, object]:
    """As the command line hands them on. Raises Refused for what no cloud has, and for several of what there is one of."""
    flags = {flag.name: flag for flag in registry.flags()}
    for name, said in form.options.items():
        if name not in flags:
            raise Refused(f"'{name[:40]}' is nothing that a cloud has", f"known are {', '.join(flags)}")
        if isinstance(said, list) and not flags[name].repeatable:
            raise Refused(f"'{name}' is one thing, and not a list", "send one text")
    public = {None: None, True: "yes", False: "no"}[form.public_ip]
    several = {name: (said,) if isinstance(said, str) else tuple(said) for name, said in form.options.items()}
    own = {name: said if flags[name].repeatable else said[0] for name, said in several.items() if said}
    return {"public-ip": public, **own}


def plan_of(asker: Asker, order: Order) -> dict[str, Any]:
    settings = asker.ctx.settings
    plan = orders.plan(settings, order)
    now = datetime.now(UTC)
    until = order.deadline.after(now)
    quote = quote_of(asker.ctx, plan, until - now, now)
    region, said = region_said(settings, order), defaults_said(settings, order)
    best = order.best or best_offers(asker.ctx, plan, until - now)
    return plan_json(Rehearsed(plan, quote, until, region, settings.sandbox, said, best))
