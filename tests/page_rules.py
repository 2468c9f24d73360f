"""Every form of the page, and by which rule it is sent: see `tests.rules`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from im.domain.access import Verb
from im.domain.people.quota import Quota, QuotaFor
from im.web.api.people.marks import quota_mark
from tests.rules import HOUR, KEY, On, Rule, Thing, everybodys, numbered, own


def _form(verb: Verb, word: str, fields: Mapping[str, str], *, stopped: bool = False) -> Rule:
    return Rule(
        verb,
        On.INSTANCE,
        lambda _: f"/change/{word}",
        lambda t: {"seen": t.seen, "key": f"{t.number:032x}", **fields},
        stopped=stopped,
    )


SPARE = {"of": "user", "name": "spare-{}"}


def _page(verb: Verb, path: str, fields: Mapping[str, str] = MappingProxyType({})) -> Rule:
    """A form about what is everybody's: of a user or a quota, each with the mark of what was shown."""

    def body(thing: Thing) -> object:
        told = numbered(dict(fields), thing.number)
        assert isinstance(told, dict)
        return {**told, "seen": thing.seen if verb is Verb.MANAGE_USERS else quota_mark(Quota(QuotaFor.USER, "", 1))}

    return Rule(verb, On.EVERYBODY, lambda t: path.format(t.number), body)


def _of_a_user(verb: Verb, path: Callable[[Thing], str], body: Callable[[Thing], object]) -> Rule:
    return Rule(verb, On.USER, path, body)


def _webhook_form(act: str, body: Callable[[Thing], object] = lambda t: {"seen": t.seen}) -> Rule:
    return Rule(Verb.SET_WEBHOOK, On.WEBHOOK, lambda t: f"/people/webhooks/{t.webhook}/{act}", body, hidden=True)


PAGE_RULES: Mapping[str, tuple[Rule, ...]] = {
    "POST /change/{verb}": (
        _form(Verb.EXTEND, "extend", HOUR),
        _form(Verb.START, "start", HOUR, stopped=True),
        _form(Verb.STOP, "stop", {}),
        _form(Verb.TERMINATE, "terminate", {}),
        _form(Verb.PROTECT, "protect", {}),
        _form(Verb.GIVE, "give", {"to": "eve"}),
    ),
    "POST /create": (
        Rule(
            Verb.CREATE,
            On.OWNER,
            lambda _: "/create",
            lambda t: {"name": f"new-{t.number}", "owner": t.owner, "public_key": KEY, "provider": "fake", **HOUR},
        ),
    ),
    "POST /create/quote": (),
    "POST /people/add": (everybodys(Verb.MANAGE_USERS, "/people/add", {"login": "added-{}"}),),
    "POST /people/users/{login}": (_page(Verb.MANAGE_USERS, "/people/users/spare-{}", {"role": "viewer"}),),
    "POST /people/users/{login}/{act}": (
        _page(Verb.MANAGE_USERS, "/people/users/spare-{}/disable"),
        _page(Verb.MANAGE_USERS, "/people/users/spare-{}/enable"),
        _page(Verb.MANAGE_USERS, "/people/users/spare-{}/remove"),
    ),
    "POST /people/quotas/set": (_page(Verb.SET_QUOTA, "/people/quotas/set", {**SPARE, "live": "9"}),),
    "POST /people/quotas/remove": (_page(Verb.SET_QUOTA, "/people/quotas/remove", SPARE),),
    "POST /people/tokens/make": (
        _of_a_user(
            Verb.MAKE_TOKEN,
            lambda _: "/people/tokens/make",
            lambda t: {"name": "more", "login": t.owner, "key": f"{t.number:032x}"},
        ),
    ),
    "POST /people/tokens/{token}/rotate": (
        _of_a_user(Verb.END_TOKEN, lambda t: f"/people/tokens/{t.token}/rotate", lambda t: {"key": f"{t.number:032x}"}),
    ),
    "POST /people/tokens/{token}/revoke": (
        _of_a_user(Verb.END_TOKEN, lambda t: f"/people/tokens/{t.token}/revoke", lambda _: {}),
    ),
    "POST /people/sessions/{session}/end": (
        _of_a_user(Verb.END_SESSION, lambda t: f"/people/sessions/{t.session}/end", lambda _: {}),
    ),
    "POST /people/webhooks/make": (
        Rule(
            Verb.SET_WEBHOOK,
            On.OWNER,
            lambda _: "/people/webhooks/make",
            lambda t: {
                "name": f"new-{t.number}",
                "url": "https://ci.example.com/",
                "owner": t.owner,
                "kinds": "failed",
                "key": f"{t.number:032x}",
            },
        ),
    ),
    "POST /people/webhooks/{webhook}/edit": (
        _webhook_form("edit", lambda t: {"seen": t.seen, "url": "https://ci.example.com/other", "kinds": "failed"}),
    ),
    "POST /people/webhooks/{webhook}/rotate": (_webhook_form("rotate", lambda t: {"key": f"{t.number:032x}"}),),
    "POST /people/webhooks/{webhook}/remove": (_webhook_form("remove"),),
    "POST /people/webhooks/{webhook}/{act}": (
        _webhook_form("test"),
        _webhook_form("resend"),
        _webhook_form("disable"),
        _webhook_form("enable"),
    ),
    "POST /views/save": (own(lambda _: "/views/save", {"name": "kept-{}", "q": "owner=me"}),),
    "POST /views/rename": (own(lambda _: "/views/rename", {"name": "spare-{}", "to": "better-{}"}),),
    "POST /views/delete": (own(lambda _: "/views/delete", {"name": "spare-{}"}),),
}
"""`POST /path` → the rules of a form of the page; none where it only says what something would come to."""
