"""Every route of the web, and by which rule it is asked for: a route that is not here fails the build.

`tests/integration/web/test_matrix.py` asks each of them in every role, of one's own, one's team's and others' things, by every way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from im.domain.access import Verb


class On(StrEnum):
    """What it is done to."""

    INSTANCE = "an instance, by its name, our id or the cloud's"
    OWNER = "nothing yet: an instance that is to be somebody's"
    USER = "what is one user's own"
    EVERYBODY = "what is everybody's"
    SELF = "what is one's own and no other's, for nobody else can name it"
    NOBODY = "a machine that is nobody's, and becomes one's own"
    WEBHOOK = "a webhook, by its id"
    ORPHAN = "a machine of ours without a row, by its tag somebody's"


@dataclass(frozen=True, slots=True)
class Thing:
    """What a cell of the matrix is about."""

    owner: str
    name: str = ""
    """Of an instance that is the owner's."""
    seen: str = ""
    """As the page has it: an instance's id and its generation, or the mark of a user or a webhook."""
    token: str = ""
    """The id of a token that is the owner's."""
    session: str = ""
    """And of a session."""
    webhook: str = ""
    """And of a webhook."""
    machine: str = ""
    """The cloud's id of an orphan."""
    number: int = 0
    """Another one in every cell."""


@dataclass(frozen=True, slots=True)
class Rule:
    """How a change is asked for. `path` and `body` are given the thing."""

    verb: Verb
    on: On
    path: Callable[[Thing], str]
    body: Callable[[Thing], object] = lambda _: None
    hidden: bool = False
    """Others' are not there for who may not change them: 404 for 403."""
    itself: bool = False
    """By a token one's own is that token alone: another needs what another's needs."""
    never_by: str = ""
    """A way by which nobody does it: `token` or `session`."""
    stopped: bool = False
    """The instance is stopped first."""


@dataclass(frozen=True, slots=True)
class Look:
    """How something is looked at. `of`: one instance, which others may not see where IM_MEMBERS_SEE=own."""

    path: Callable[[Thing], str]
    of: On = On.EVERYBODY
    admins: bool = False
    """For admins alone."""


OPEN = frozenset({"get_health", "get_readiness", "get_version"})
"""Answers everybody, and says nothing of the fleet."""
OPEN_PAGES = frozenset({"/sign-in", "/sign-in/oidc", "/sign-in/callback", "/sign-out", "/enter"})
"""Where one is signed in and out."""

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHUvTP2ZzNfVJzGwDgnBpGmGH1GSUSbY0yV9r9eoyv6z me"
HOUR = {"duration": "1h"}


def _verb(verb: Verb, word: str, body: object = None, *, stopped: bool = False) -> Rule:
    return Rule(verb, On.INSTANCE, lambda t: f"/api/v1/instances/{t.name}/{word}", lambda _: body, stopped=stopped)


def everybodys(verb: Verb, path: str, body: object = None) -> Rule:
    return Rule(verb, On.EVERYBODY, lambda t: path.format(t.number), lambda t: numbered(body, t.number))


def _webhooks(what: str, body: object = None) -> Rule:
    path = "/api/v1/webhooks/{}" + what
    return Rule(Verb.SET_WEBHOOK, On.WEBHOOK, lambda t: path.format(t.webhook), lambda _: body, hidden=True)


def own(path: Callable[[Thing], str], body: object = None) -> Rule:
    return Rule(Verb.KEEP_VIEW, On.SELF, path, lambda t: numbered(body, t.number))


def numbered(body: object, number: int) -> object:
    if not isinstance(body, dict):
        return body
    return {key: value.format(number) if isinstance(value, str) else value for key, value in body.items()}


RULES: Mapping[str, Rule] = {
    "create_instances": Rule(
        Verb.CREATE,
        On.OWNER,
        lambda _: "/api/v1/instances",
        lambda t: {"name": f"new-{t.number}", "owner": t.owner, "public_key": KEY, "provider": "fake", **HOUR},
    ),
    "extend_instance": _verb(Verb.EXTEND, "extend", HOUR),
    "start_instance": _verb(Verb.START, "start", HOUR, stopped=True),
    "stop_instance": _verb(Verb.STOP, "stop"),
    "terminate_instance": _verb(Verb.TERMINATE, "terminate"),
    "protect_instance": _verb(Verb.PROTECT, "protect", {"on": True}),
    "give_instance": _verb(Verb.GIVE, "give", {"to": "eve"}),
    "change_instances": Rule(
        Verb.STOP,
        On.INSTANCE,
        lambda _: "/api/v1/instances:batch",
        lambda t: {"verb": "stop", "ids": [t.name]},
    ),
    "create_token": Rule(
        Verb.MAKE_TOKEN,
        On.USER,
        lambda _: "/api/v1/tokens",
        lambda t: {"name": "more", "login": t.owner},
        never_by="token",
    ),
    "rotate_token": Rule(
        Verb.END_TOKEN, On.USER, lambda t: f"/api/v1/tokens/{t.token}/rotate", lambda _: {}, hidden=True, itself=True
    ),
    "revoke_token": Rule(Verb.END_TOKEN, On.USER, lambda t: f"/api/v1/tokens/{t.token}", hidden=True, itself=True),
    "end_session": Rule(Verb.END_SESSION, On.USER, lambda t: f"/api/v1/sessions/{t.session}", hidden=True),
    "set_view": own(lambda t: f"/api/v1/views/kept-{t.number}", {"q": "owner=me"}),
    "rename_view": own(lambda t: f"/api/v1/views/spare-{t.number}", {"name": "better-{}"}),
    "remove_view": own(lambda t: f"/api/v1/views/spare-{t.number}"),
    "make_link": Rule(Verb.MAKE_LINK, On.EVERYBODY, lambda _: "/api/v1/links", never_by="session"),
    "add_user": everybodys(Verb.MANAGE_USERS, "/api/v1/users", {"login": "added-{}"}),
    "change_user": everybodys(Verb.MANAGE_USERS, "/api/v1/users/eve", {"display": "Eve {}"}),
    "remove_user": everybodys(Verb.MANAGE_USERS, "/api/v1/users/spare-{}"),
    "set_quota": everybodys(Verb.SET_QUOTA, "/api/v1/quotas/user/eve", {"live": 99}),
    "remove_quota": everybodys(Verb.SET_QUOTA, "/api/v1/quotas/user/spare-{}"),
    "adopt_instances": Rule(
        Verb.ADOPT,
        On.NOBODY,
        lambda _: "/api/v1/instances:adopt",
        lambda t: {"machines": [f"fake-9{t.number:05}"], "provider": "fake", **HOUR},
    ),
    "adopt_orphans": Rule(
        Verb.ADOPT, On.ORPHAN, lambda _: "/api/v1/orphans:adopt", lambda t: {"machines": [t.machine], **HOUR}
    ),
    "terminate_orphans": Rule(
        Verb.TERMINATE, On.ORPHAN, lambda _: "/api/v1/orphans:terminate", lambda t: {"machines": [t.machine]}
    ),
    "set_pause": everybodys(Verb.PAUSE, "/api/v1/holds/pause", {"length": "1h"}),
    "end_pause": everybodys(Verb.RESUME, "/api/v1/holds/pause"),
    "set_price": everybodys(Verb.SET_PRICE, "/api/v1/prices", {"item": "small", "usd": "0.1"}),
    "look_for_leftovers": everybodys(Verb.CLEAN_UP, "/api/v1/leftovers:look"),
    "approve_leftovers": everybodys(
        Verb.CLEAN_UP,
        "/api/v1/leftovers:end",
        {"things": [{"provider": "fake", "account": "default", "region": "fake-1", "id": "sg-1"}]},
    ),
    "create_webhook": Rule(
        Verb.SET_WEBHOOK,
        On.OWNER,
        lambda _: "/api/v1/webhooks",
        lambda t: {"name": f"new-{t.number}", "url": "https://ci.example.com/", "owner": t.owner},
    ),
    "change_webhook": _webhooks("", {"kinds": ["failed"]}),
    "remove_webhook": _webhooks(""),
    "rotate_webhook": _webhooks("/rotate", {}),
    "test_webhook": _webhooks("/test"),
    "resend_webhook": _webhooks("/resend"),
    "set_budget": everybodys(Verb.SET_BUDGET, "/api/v1/budgets/eve", {"usd_per_month": "5000"}),
    "remove_budget": everybodys(Verb.SET_BUDGET, "/api/v1/budgets/spare-{}"),
}
"""Operation → its rule, of those that change something."""

LOOKS: Mapping[str, Look] = {
    "list_instances": Look(lambda _: "/api/v1/instances?all=true&limit=200"),
    "get_instance": Look(lambda t: f"/api/v1/instances/{t.name}", On.INSTANCE),
    "list_events": Look(lambda t: f"/api/v1/instances/{t.name}/events", On.INSTANCE),
    "list_fleet_events": Look(lambda t: f"/api/v1/events?instance={t.name}", On.INSTANCE),
    "explain_instance": Look(lambda t: f"/api/v1/instances/{t.name}/why", On.INSTANCE),
    "get_guard": Look(lambda t: f"/api/v1/instances/{t.name}/guard", On.INSTANCE),
    "get_fleet": Look(lambda _: "/api/v1/fleet"),
    "get_token": Look(lambda t: f"/api/v1/tokens/{t.token}", On.USER),
    "list_leftovers": Look(lambda _: "/api/v1/leftovers"),
    "wait_for_instance": Look(lambda t: f"/api/v1/instances/{t.name}/wait?timeout=0", On.INSTANCE),
    "get_metrics": Look(lambda _: "/metrics"),
    "get_me": Look(lambda _: "/api/v1/me"),
    "get_agenda": Look(lambda _: "/api/v1/agenda"),
    "get_cost": Look(lambda _: "/api/v1/cost"),
    "list_budgets": Look(lambda _: "/api/v1/budgets"),
    "list_prices": Look(lambda _: "/api/v1/prices"),
    "list_offers": Look(lambda _: "/api/v1/offers"),
    "list_quotas": Look(lambda _: "/api/v1/quotas"),
    "get_quota": Look(lambda t: f"/api/v1/quotas/user/spare-{t.number}"),
    "list_scopes": Look(lambda _: "/api/v1/scopes"),
    "list_holds": Look(lambda _: "/api/v1/holds"),
    "list_users": Look(lambda _: "/api/v1/users"),
    "get_user": Look(lambda _: "/api/v1/users/eve"),
    "list_views": Look(lambda _: "/api/v1/views"),
    "list_tokens": Look(lambda t: f"/api/v1/tokens?login={t.owner}", On.USER),
    "list_webhooks": Look(lambda _: "/api/v1/webhooks"),
    "get_webhook": Look(lambda t: f"/api/v1/webhooks/{t.webhook}", On.WEBHOOK),
    "list_deliveries": Look(lambda t: f"/api/v1/webhooks/{t.webhook}/deliveries", On.WEBHOOK),
    "list_sessions": Look(lambda t: f"/api/v1/sessions?login={t.owner}", On.USER),
    "list_orphans": Look(lambda _: "/api/v1/orphans", admins=False),
    "follow_changes": Look(lambda _: "/api/v1/events/stream"),
    "list_audit": Look(lambda _: "/api/v1/audit", admins=True),
}
"""Operation → how it is looked at."""
