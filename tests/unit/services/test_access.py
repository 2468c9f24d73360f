"""Nothing is changed for somebody who may not: every service that changes something asks before it touches anything."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import pytest

from im.context import Context
from im.domain.access import Actor, Role, Verb
from im.domain.errors import Denied
from im.domain.event import Channel
from im.domain.intent import Deadline
from im.domain.money.bill import Item
from im.domain.people.quota import Quota, QuotaFor
from im.domain.people.view import View
from im.providers.request import Ask
from im.services import access, leftovers
from im.services.deadlines import holds
from im.services.money import budgets, prices
from im.services.people import links, quotas, sessions, tokens, users, views
from im.services.requests import adopt, change, create, give
from im.services.requests.order import Order
from im.services.webhooks import hooks
from tests.people import person

ROOT = Path(__file__).parents[3]
NOBODY = Actor("eve", frozenset(), Channel.API)
HOUR = Deadline(by=timedelta(hours=1))


class _Untouchable:
    """A context of which nothing may be used: neither the database nor a queue, nor even the settings."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"context.{name} was used before anybody was asked")


CTX = cast("Context", _Untouchable())
ASK = Ask(public_key="ssh-ed25519 AAAA", owner="eve")

CHANGES: dict[str, Callable[[], object]] = {
    "im.services.requests.create.create": lambda: create.create(
        CTX, Order("fake", "default", ASK, None, 1, HOUR, NOBODY)
    ),
    "im.services.requests.create.rehearse": lambda: create.rehearse(
        CTX, Order("fake", "default", ASK, None, 1, HOUR, NOBODY)
    ),
    "im.services.requests.adopt.adopt": lambda: adopt.adopt(
        CTX, adopt.AdoptRequest("fake", "default", "fake-1", ("i-1",), None, HOUR, NOBODY)
    ),
    "im.services.requests.adopt.adopt_orphans": lambda: adopt.adopt_orphans(
        CTX, ["i-1"], HOUR, name=None, actor=NOBODY
    ),
    "im.services.requests.adopt.terminate_orphans": lambda: adopt.terminate_orphans(CTX, ["i-1"], actor=NOBODY),
    "im.services.requests.change.extend": lambda: change.extend(CTX, ["im-1"], HOUR, actor=NOBODY),
    "im.services.requests.change.start": lambda: change.start(CTX, ["im-1"], None, actor=NOBODY),
    "im.services.requests.change.stop": lambda: change.stop(CTX, ["im-1"], actor=NOBODY),
    "im.services.requests.change.terminate": lambda: change.terminate(CTX, ["im-1"], actor=NOBODY),
    "im.services.requests.change.protect": lambda: change.protect(CTX, ["im-1"], on=True, actor=NOBODY),
    "im.services.leftovers.approve_deletion": lambda: leftovers.approve_deletion(CTX, [], actor=NOBODY),
    "im.services.deadlines.holds.pause": lambda: holds.pause(CTX, timedelta(hours=1), actor=NOBODY, reason="x"),
    "im.services.deadlines.holds.resume": lambda: holds.resume(CTX, actor=NOBODY),
    "im.services.deadlines.holds.settle_here": lambda: holds.settle_here(CTX, actor=NOBODY),
    "im.services.money.budgets.write": lambda: budgets.write(CTX, "eve", Decimal(5), actor=NOBODY),
    "im.services.money.budgets.remove": lambda: budgets.remove(CTX, "eve", actor=NOBODY),
    "im.services.people.users.add": lambda: users.add(CTX, "eve", actor=NOBODY),
    "im.services.people.users.change": lambda: users.change(CTX, "eve", role=Role.ADMIN, actor=NOBODY),
    "im.services.people.users.remove": lambda: users.remove(CTX, "ada", actor=NOBODY),
    "im.services.people.tokens.create": lambda: tokens.create(CTX, "eve", "laptop", actor=NOBODY),
    "im.services.people.tokens.break_glass": lambda: tokens.break_glass(
        CTX, "x", life=timedelta(hours=1), actor=replace(NOBODY, channel=Channel.CLI)
    ),
    "im.services.people.tokens.listed": lambda: tokens.listed(CTX, "eve", actor=NOBODY),
    "im.services.people.tokens.one": lambda: tokens.one(CTX, "tok-1", actor=NOBODY),
    "im.services.people.sessions.listed": lambda: sessions.listed(CTX, "eve", actor=NOBODY),
    "im.services.people.sessions.revoke": lambda: sessions.revoke(CTX, "ses-1", actor=NOBODY),
    "im.services.people.links.make": lambda: links.make(CTX, "ada", actor=replace(NOBODY, channel=Channel.CLI)),
    "im.services.people.tokens.revoke": lambda: tokens.revoke(CTX, "tok-1", actor=NOBODY),
    "im.services.people.tokens.rotate": lambda: tokens.rotate(CTX, "tok-1", actor=NOBODY),
    "im.services.people.views.save": lambda: views.save(CTX, View("x"), actor=NOBODY),
    "im.services.people.views.rename": lambda: views.rename(CTX, "x", "y", actor=NOBODY),
    "im.services.people.views.remove": lambda: views.remove(CTX, "x", actor=NOBODY),
    "im.services.people.quotas.write": lambda: quotas.write(CTX, Quota(QuotaFor.USER, "eve"), actor=NOBODY),
    "im.services.people.quotas.remove": lambda: quotas.remove(CTX, QuotaFor.USER, "eve", actor=NOBODY),
    "im.services.webhooks.hooks.create": lambda: hooks.create(
        CTX, "ci", "https://ci.example.com/", kinds=frozenset(), actor=NOBODY
    ),
    "im.services.webhooks.hooks.listed": lambda: hooks.listed(CTX, actor=NOBODY),
    "im.services.webhooks.hooks.one": lambda: hooks.one(CTX, "whk-1", actor=NOBODY),
    "im.services.webhooks.hooks.change": lambda: hooks.change(CTX, "whk-1", on=False, actor=NOBODY),
    "im.services.webhooks.hooks.rotate": lambda: hooks.rotate(CTX, "whk-1", actor=NOBODY),
    "im.services.webhooks.hooks.remove": lambda: hooks.remove(CTX, "whk-1", actor=NOBODY),
    "im.services.webhooks.hooks.test": lambda: hooks.test(CTX, "whk-1", actor=NOBODY),
    "im.services.webhooks.hooks.resend": lambda: hooks.resend(CTX, "whk-1", actor=NOBODY),
    "im.services.webhooks.hooks.delivered": lambda: hooks.delivered(CTX, "whk-1", 1, actor=NOBODY),
    "im.services.requests.give.give": lambda: give.give(CTX, ["im-1"], "eve", actor=NOBODY),
    "im.services.money.prices.state": lambda: prices.state(
        CTX, Item("fake", "fake-1", "small"), Decimal(1), actor=NOBODY
    ),
    "im.services.money.prices.state_named": lambda: prices.state_named(
        CTX, "small", Decimal(1), None, None, spot=False, actor=NOBODY
    ),
}


def _modules() -> dict[str, ast.Module]:
    return {
        ".".join(path.relative_to(ROOT).with_suffix("").parts): ast.parse(path.read_text())
        for path in (ROOT / "im" / "services").rglob("*.py")
    }


def _fields_of(node: ast.AST) -> dict[str, str]:
    return {
        part.target.id: ast.unparse(part.annotation)
        for part in ast.walk(node)
        if isinstance(part, ast.AnnAssign) and isinstance(part.target, ast.Name)
    }


def _taking_an_actor() -> set[str]:
    """Public functions of the services that are handed an Actor, or something that holds one."""
    modules = _modules()
    carriers = {"Actor"} | {
        node.name
        for module in modules.values()
        for node in module.body
        if isinstance(node, ast.ClassDef) and "Actor" in _fields_of(node).values() and node.name != "Permit"
    }
    found = set()
    for name, module in modules.items():
        for node in module.body:
            if not isinstance(node, ast.FunctionDef) or node.name.startswith("_") or name == "im.services.access":
                continue
            given = [*node.args.args, *node.args.kwonlyargs]
            kinds = {ast.unparse(one.annotation).rpartition(".")[2] for one in given if one.annotation}
            if kinds & carriers and "ctx" in {one.arg for one in given}:
                found.add(f"{name}.{node.name}")
    return found


def _stored_by_commands() -> set[str]:
    """What commands call inside `with session.storing(…)` or `store(session, …)`, of methods that are anybody's."""
    found = set()
    for path in (ROOT / "im" / "cli" / "commands").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            body: list[ast.expr] | list[ast.stmt] = []
            if isinstance(node, ast.With) and "session.storing" in ast.unparse(node.items[0]):
                body = node.body
            elif isinstance(node, ast.Call) and ast.unparse(node.func) == "store":
                body = node.args
            called = [part for one in body for part in ast.walk(one) if isinstance(part, ast.Call)]
            found |= {ast.unparse(call.func) for call in called if isinstance(call.func, ast.Attribute)}
    return found


def _asked_of_services() -> set[str]:
    """What the direct backend hands an actor to: `change.extend`."""
    return {
        ast.unparse(node.func)
        for path in (ROOT / "im" / "cli" / "backend" / "direct").glob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and any(word.arg == "actor" and ast.unparse(word.value) == "self._actor" for word in node.keywords)
    }


def test_this_is_every_service_that_changes_something_for_somebody() -> None:
    orders = {"im.services.requests.anywhere.placed"}  # it makes an order, and stores nothing: that is create's
    assert _taking_an_actor() - orders == set(CHANGES)


def test_whatever_a_command_stores_it_stores_through_one_of_them() -> None:
    of_the_backend = ("session.backend.", "people.", "fleet.", "webhooks.", "verb.send")
    here = "holds.settle_here"  # the database itself is the matter: no backend stands for it
    stored = _stored_by_commands() - {here}
    assert len(stored) > 8
    assert [one for one in stored if not one.startswith(of_the_backend)] == []
    asked = _asked_of_services() - {"adopt.AdoptRequest"}
    assert len(asked) > 15
    assert asked <= {".".join(name.split(".")[-2:]) for name in CHANGES}


def test_nobody_hands_a_service_a_free_string_for_who_asks() -> None:
    free = [
        f"{name}.{node.name}"
        for name, module in _modules().items()
        for node in ast.walk(module)
        if isinstance(node, ast.FunctionDef)
        for one in (*node.args.args, *node.args.kwonlyargs)
        if one.arg == "actor" and (one.annotation is None or ast.unparse(one.annotation) != "Actor")
    ]
    assert free == []


@pytest.mark.parametrize("name", CHANGES)
def test_who_may_not_is_refused_before_anything_is_touched(name: str) -> None:
    with pytest.raises(Denied, match="eve may not"):
        CHANGES[name]()


@pytest.mark.parametrize("name", CHANGES)
def test_who_may_gets_further(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The refusals above are for who asked, and for no other reason."""
    asked = []

    def let_everybody(actor: Actor, verb: Verb) -> access.Permit:
        asked.append(verb)
        return access.Permit(person(actor.name), verb)

    monkeypatch.setattr(access, "ask", let_everybody)
    with pytest.raises(AssertionError, match="was used before"):
        CHANGES[name]()
    assert len(asked) == 1


def test_a_member_may_change_what_is_theirs_and_no_row_beside_it() -> None:
    permit = access.ask(person("ada", Role.MEMBER), Verb.STOP)
    permit.on(["ada", "ada"])
    with pytest.raises(Denied, match="this one is bob's"):
        permit.on(["ada", "bob"])


def test_a_member_creates_nothing_in_somebody_elses_name() -> None:
    order = Order("fake", "default", Ask(public_key="", owner="bob"), None, 1, HOUR, person("ada", Role.MEMBER))
    with pytest.raises(Denied, match="ada may create their own instances only"):
        create.create(CTX, order)
