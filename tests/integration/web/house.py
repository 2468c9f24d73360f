"""People of every role before the API, and things of theirs: what the matrix is asked with."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import count

from im.domain.access import EVERYTHING, Actor, Grant, Role
from im.domain.config.web import Sees, WebSettings
from im.domain.event import Channel
from im.domain.people.view import View
from im.domain.webhook.kind import WebhookKind
from im.services.people import sessions, tokens, users, views
from im.services.webhooks import hooks
from im.web.api.people.marks import user_mark, webhook_mark
from tests.integration.web.browser import Browser
from tests.integration.web.conftest import Api, Said
from tests.orphans import an_orphan
from tests.people import person
from tests.rules import On, Thing
from tests.world import World

ROOT = person("root")
TEAM = "ml"
WHO = {Role.VIEWER: "vera", Role.MEMBER: "mia", Role.ADMIN: "ann"}
WAYS = ("token", "session", "a token that may only read")
READ = frozenset({Grant.READ})
OWNERS = ("own", "team", "other")


@dataclass(frozen=True, slots=True)
class Cell:
    role: Role
    whose: str
    way: str

    @property
    def owner(self) -> str:
        return {"own": WHO[self.role], "team": TEAM, "other": "eve"}[self.whose]

    @property
    def actor(self) -> Actor:
        grants = EVERYTHING if self.way != WAYS[2] else READ
        return Actor(WHO[self.role], frozenset({self.role}), Channel.API, teams=frozenset({TEAM}), grants=grants)


_UNNUMBERED = (On.INSTANCE, On.OWNER, On.NOBODY)
"""Of these nothing is made by a number: one that is asked for again brings another, for what is to be made of it."""


class House:
    """People of every role, and things of theirs, made as they are needed: what nobody changed serves the next one as well."""

    def __init__(self, world: World, sees: Sees) -> None:
        parts = (WebSettings(members_see=sees),)
        world.ctx = replace(world.ctx, settings=replace(world.ctx.settings, parts=parts))
        self.sees = sees
        self.api = Api(world)
        self.api.team(TEAM)
        self.api.user("eve")
        self._number = count()
        self._browsers: dict[str, Browser] = {}
        self._kept: dict[tuple[str, On, bool, bool], Thing] = {}
        for role, login in WHO.items():
            self.api.user(login, role, team=TEAM)
            self._browsers[login] = Browser(self.api)
            made, _ = sessions_for(world, login)
            self._browsers[login].hold(made)
            self.api.tokens[f"{login}, read"] = tokens.create(world.ctx, login, "read", grants=READ, actor=ROOT).secret

    def browser(self, cell: Cell) -> Browser:
        return self._browsers[WHO[cell.role]]

    def ask(self, cell: Cell, method: str, path: str, body: object = None) -> Said:
        login = WHO[cell.role]
        if cell.way == "session":
            return self.api.ask(
                method,
                path,
                body,
                by=None,
                Cookie=f"im-{self.api.port}={self._browsers[login].cookie}",
                Sec_Fetch_Site="same-origin",
            )
        return self.api.ask(method, path, body, by=login if cell.way == "token" else f"{login}, read")

    def thing(self, owner: str, *, on: On, stopped: bool = False, beside: bool = False) -> Thing:
        """One that is as it was made; `beside`: another one than without. Its number is new, unless it was made by it."""
        key = (owner, on, stopped, beside)
        if key not in self._kept:
            self._kept[key] = self._made(owner, on, stopped)
        kept = self._kept[key]
        return replace(kept, number=next(self._number)) if on in _UNNUMBERED else kept

    def spend(self, thing: Thing) -> None:
        """It was changed, or may have been: whoever comes next has another one."""
        self._kept = {key: one for key, one in self._kept.items() if replace(one, number=0) != replace(thing, number=0)}

    def _made(self, owner: str, on: On, stopped: bool) -> Thing:
        number = next(self._number)
        world, thing = self.api.world, Thing(owner, number=number)
        if on is On.INSTANCE:
            world.create(f"thing-{number}", actor=owner)
            if stopped:
                world.stop(f"thing-{number}")
            row = world.row(f"thing-{number}")
            return replace(thing, name=row.name, seen=f"{row.id}:{row.generation}")
        if on is On.USER:
            made = tokens.create(world.ctx, owner, "a thing", actor=ROOT)
            _, session = sessions_for(world, owner)
            return replace(thing, token=made.token.id, session=session)
        if on is On.WEBHOOK:
            kinds = frozenset({WebhookKind.RUNNING})
            url, name = "https://ci.example.com/", f"thing-{number}"
            hook = hooks.create(world.ctx, name, url, kinds=kinds, owner=owner, actor=ROOT)
            return replace(thing, webhook=hook.webhook.id, seen=webhook_mark(hook.webhook))
        if on is On.SELF:
            views.save(world.ctx, View(f"spare-{number}"), actor=person(owner))
        if on is On.ORPHAN:
            return replace(thing, machine=an_orphan(world, owner, number))
        if on is On.EVERYBODY:
            spare = users.add(world.ctx, f"spare-{number}", actor=ROOT)
            thing = replace(thing, seen=user_mark(spare))
            self.api.ask("PUT", f"/api/v1/quotas/user/spare-{number}", {"live": 1}, by="ann")
            self.api.ask("PUT", f"/api/v1/budgets/spare-{number}", {"usd_per_month": "5"}, by="ann")
        return thing


def sessions_for(world: World, login: str) -> tuple[str, str]:
    """The secret and the id of a session as an identity provider begins one."""
    with world.ctx.begin() as connection:
        actor = sessions.user_actor(connection, login, "")
        made = sessions.begin(connection, actor, sessions.How.OIDC, world.now)
    return made.secret, made.session.id
