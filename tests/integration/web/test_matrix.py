"""The whole matrix over real HTTP: every route, in every role, on one's own, one's team's and others' things, by every way.

What is right is what `may` says, and nothing else is done by any route: `tests.rules` names them all.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import product

import pytest

from im.domain.access import Allow, Role, Verb, may
from im.domain.config.web import Sees
from tests.integration.web.house import OWNERS, WAYS, WHO, Cell, House
from tests.page_rules import PAGE_RULES
from tests.rules import LOOKS, RULES, On, Rule
from tests.world import World


@pytest.fixture(params=list(Sees), ids=lambda sees: f"members see {sees}")
def house(world: World, request: pytest.FixtureRequest) -> Iterator[House]:
    made = House(world, request.param)
    yield made
    made.api.close()


@pytest.fixture
def open_house(world: World) -> Iterator[House]:
    made = House(world, Sees.ALL)
    yield made
    made.api.close()


def cells(on: On) -> list[Cell]:
    owners = {On.USER: ("own", "other"), On.EVERYBODY: ("other",), On.NOBODY: ("own",), On.SELF: ("own",)}.get(
        on, OWNERS
    )
    return [Cell(*one) for one in product(Role, owners, WAYS)]


def allowed(rule: Rule, cell: Cell) -> bool:
    if rule.never_by == cell.way or (rule.never_by == "token" and cell.way != "session"):
        return False
    if rule is RULES["make_link"]:  # for oneself, whoever one is
        return True
    owner = cell.owner if rule.on is not On.EVERYBODY else None
    if rule.itself and cell.way != "session":
        owner = "somebody else"
    return isinstance(may(cell.actor, rule.verb, owner), Allow)


def sees(house: House, cell: Cell) -> bool:
    return house.sees is Sees.ALL or cell.role is Role.ADMIN or cell.whose != "other"


def may_end(cell: Cell) -> bool:
    return allowed(RULES["revoke_token"], cell)


METHODS = {"rotate_token": "POST", "change_user": "PATCH", "change_webhook": "PATCH", "rename_view": "PATCH"}


def method_of(operation: str) -> str:
    for begins, method in (("revoke", "DELETE"), ("remove", "DELETE"), ("end", "DELETE"), ("set", "PUT")):
        if operation.startswith(f"{begins}_"):
            return method
    return METHODS.get(operation, "POST")


@pytest.mark.sampled(every=len(Sees))
@pytest.mark.parametrize("operation", RULES)
def test_a_change_is_made_by_who_may_and_by_nobody_else(house: House, operation: str) -> None:
    rule, wrong = RULES[operation], []
    for cell in cells(rule.on):
        thing = house.thing(cell.owner, on=rule.on, stopped=rule.stopped)
        before = house.api.world.row(thing.name) if thing.name else None
        said = house.ask(cell, method_of(operation), rule.path(thing), rule.body(thing))
        may_do = allowed(rule, cell)
        if may_do or said.status < 400:
            house.spend(thing)
        if may_do:
            right = {200, 201, 202, 204}
        elif rule.on is On.INSTANCE and not sees(house, cell):
            right = {404}
        elif rule.hidden:
            right = {403, 404}
        else:
            right = {403}
        if said.status not in right:
            wrong.append((cell, right, said.status, said.text[:200]))
        elif before is not None and not may_do and house.api.world.row(thing.name) != before:
            wrong.append((cell, "unchanged", said.status, "changed all the same"))
    assert not wrong


FORMS = [rule for rules in PAGE_RULES.values() for rule in rules]


@pytest.mark.sampled(every=len(Sees))
@pytest.mark.parametrize("rule", FORMS, ids=lambda rule: rule.verb.name.lower())
def test_a_form_of_the_page_does_no_more_than_the_api(house: House, rule: Rule) -> None:
    wrong = []
    for cell in (one for one in cells(rule.on) if one.way == "session"):
        thing = house.thing(cell.owner, on=rule.on, stopped=rule.stopped)
        before = house.api.world.row(thing.name) if thing.name else None
        form = rule.body(thing)
        assert isinstance(form, dict)
        said = house.browser(cell).post(rule.path(thing), form, Accept="text/html")
        if allowed(rule, cell) or said.status < 400:
            house.spend(thing)
        if (said.status in (200, 303)) is not allowed(rule, cell):
            wrong.append((cell, said.status, said.text[:200]))
        elif before is not None and not allowed(rule, cell) and house.api.world.row(thing.name) != before:
            wrong.append((cell, "changed all the same"))
        elif not allowed(rule, cell) and rule.on is On.OWNER:
            names = house.api.ask("GET", f"/api/v1/instances?q=name=new-{thing.number}", by="ann").body["items"]
            if names:
                wrong.append((cell, "made all the same"))
    assert not wrong


BATCHED = ("extend", "start", "stop", "terminate", "protect", "give")


@pytest.mark.parametrize(
    "turned",
    [False, pytest.param(True, marks=pytest.mark.long)],
    ids=["every second by ids", "the others by ids"],
)
@pytest.mark.parametrize("verb", BATCHED)
def test_a_batch_does_what_one_may_do_one_by_one_and_no_more(open_house: House, verb: str, turned: bool) -> None:
    """Each cell is asked with every verb, and both by ids and by a filter: which of the two, the next verb turns round."""
    rule, wrong = RULES[f"{verb}_instance"], []
    for place, cell in enumerate(cells(On.INSTANCE), BATCHED.index(verb)):
        for named in ("ids" if place % 2 == turned else "q",):
            mine = open_house.thing(WHO[cell.role], on=On.INSTANCE, stopped=rule.stopped, beside=True)
            thing = open_house.thing(cell.owner, on=On.INSTANCE, stopped=rule.stopped)
            row = open_house.api.world.row(thing.name)
            which = {"ids": [mine.name, row.id]} if named == "ids" else {"q": f"name={thing.name}", "expected": 1}
            body = {"verb": verb, **which, **({verb: form} if (form := rule.body(thing)) else {})}
            before = [open_house.api.world.row(name) for name in (mine.name, thing.name)]
            said = open_house.ask(cell, "POST", "/api/v1/instances:batch", body)
            after = [open_house.api.world.row(name) for name in (mine.name, thing.name)]
            if before != after:
                open_house.spend(mine)
                open_house.spend(thing)
            if (said.status == 202) is not allowed(rule, cell):
                wrong.append((cell, said.status, said.text[:200]))
            elif said.status != 202 and before != after:
                wrong.append((cell, "a part of it was done"))
    assert not wrong


@pytest.mark.parametrize("verb", ["extend", "start", "stop", "terminate"])
def test_a_rehearsal_allows_what_the_request_would(open_house: House, verb: str) -> None:
    rule, wrong = RULES[f"{verb}_instance"], []
    for cell in cells(On.INSTANCE):
        thing = open_house.thing(cell.owner, on=On.INSTANCE, stopped=rule.stopped)
        before = open_house.api.world.row(thing.name)
        said = open_house.ask(cell, "POST", f"{rule.path(thing)}?dry_run=true", rule.body(thing))
        if said.status not in ({200, 202} if allowed(rule, cell) else {403}):
            wrong.append((cell, said.status, said.text[:200]))
        elif open_house.api.world.row(thing.name) != before:
            wrong.append((cell, "done, and not rehearsed"))
    assert not wrong


@pytest.mark.sampled(every=len(Sees))
@pytest.mark.parametrize("operation", sorted(set(LOOKS) - {"follow_changes"}))
def test_what_may_be_seen_is_shown_and_nothing_else(house: House, operation: str) -> None:
    look, wrong = LOOKS[operation], []
    for cell in cells(look.of):
        thing = house.thing(cell.owner, on=look.of)
        if look.admins:
            right = cell.role is Role.ADMIN
        elif look.of is On.USER:
            verb = RULES["create_token" if operation == "list_tokens" else "end_session"].verb
            right = isinstance(may(cell.actor, verb, cell.owner), Allow)
            if operation == "get_token":  # by a token that one itself, or with an admin's right
                right = may_end(cell)
        elif look.of is On.WEBHOOK:
            right = isinstance(may(cell.actor, Verb.SEE_WEBHOOK, cell.owner), Allow)
        elif operation in ("list_orphans", "list_leftovers", "get_metrics", "get_quota"):
            right = house.sees is Sees.ALL or cell.role is Role.ADMIN
        else:
            right = look.of is not On.INSTANCE or sees(house, cell)
        said = house.ask(cell, "GET", look.path(thing))
        refused = 404 if look.of in (On.INSTANCE, On.WEBHOOK) or operation in ("get_token", "get_quota") else 403
        if said.status != (200 if right else refused):
            wrong.append((cell, right, said.status, said.text[:200]))
    assert not wrong


def test_what_is_not_to_be_seen_is_in_no_list_under_no_name(world: World) -> None:
    house = House(world, Sees.OWN)
    try:
        thing = house.thing("eve", on=On.INSTANCE)
        world.advance(20)
        row = world.row(thing.name)
        names = (thing.name, row.id, str(row.provider_id))
        for cell in (Cell(role, "other", way) for role in (Role.VIEWER, Role.MEMBER) for way in WAYS[:2]):
            for name, (operation, look) in product(names, LOOKS.items()):
                if look.of is On.INSTANCE:
                    path = look.path(replace(thing, name=name))
                    nothing = look.path(replace(thing, name="nothing"))
                    hidden, absent = (house.ask(cell, "GET", one) for one in (path, nothing))
                    assert hidden.status == absent.status == 404, (operation, name)
                    assert hidden.body["detail"].replace(name, "") == absent.body["detail"].replace("nothing", "")
            for path in (
                "/api/v1/instances?all=true",
                "/api/v1/instances?owner=eve",
                f"/api/v1/instances?q=name={thing.name}",
                "/api/v1/instances?expires_before=2100-01-01T00:00:00Z",
                "/api/v1/agenda",
                "/api/v1/cost?by=owner",
                "/api/v1/cost?by=type",
                "/api/v1/budgets",
                "/api/v1/quotas",
            ):
                told = house.ask(cell, "GET", path)
                assert told.status == 200, path
                for word in (*names, '"eve"'):
                    assert word not in told.text, (path, word)
            for body in (
                {"ids": [row.id]},
                {"q": f"name={thing.name}", "expected": 1},
                {"q": "owner=eve", "expected": 1},
            ):
                assert house.ask(cell, "POST", "/api/v1/instances:batch", {"verb": "stop", **body}).status in (404, 422)
        assert world.row(thing.name) == row
    finally:
        house.api.close()
