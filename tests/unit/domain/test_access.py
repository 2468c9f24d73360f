"""Who may do what to whose: the whole table, role by verb by owner."""

from __future__ import annotations

from itertools import product

import pytest

from im.domain.access import TABLE, Actor, Allow, Deny, Role, Verb, may
from im.domain.event import Channel

INSTANCES = {Verb.CREATE, Verb.ADOPT, Verb.EXTEND, Verb.START, Verb.STOP, Verb.TERMINATE, Verb.PROTECT, Verb.GIVE}
PERSONAL = {Verb.MAKE_TOKEN, Verb.END_TOKEN, Verb.MAKE_LINK, Verb.END_SESSION, Verb.SEE_WEBHOOK, Verb.KEEP_VIEW}


def _actor(*roles: Role) -> Actor:
    return Actor("ada", frozenset(roles), Channel.CLI)


def _expected(role: Role, verb: Verb, owner: str | None) -> bool:
    match role:
        case Role.ADMIN:
            return True
        case Role.MEMBER:
            return verb in INSTANCES | PERSONAL | {Verb.SET_WEBHOOK} and owner == "ada"
        case Role.VIEWER:
            return verb in PERSONAL and owner == "ada"


@pytest.mark.parametrize(("role", "verb", "owner"), list(product(Role, Verb, ["ada", "bob", "", None])))
def test_the_table_is_total_and_says_this(role: Role, verb: Verb, owner: str | None) -> None:
    assert set(TABLE) == set(Role)
    assert set(TABLE[role]) == set(Verb)
    assert isinstance(may(_actor(role), verb, owner), Allow) is _expected(role, verb, owner)


@pytest.mark.parametrize("verb", Verb)
def test_who_has_no_role_may_do_nothing_not_even_to_their_own(verb: Verb) -> None:
    assert isinstance(may(_actor(), verb, "ada"), Deny)
    assert isinstance(may(_actor(), verb, None), Deny)


def test_of_several_roles_the_widest_counts() -> None:
    assert may(_actor(Role.VIEWER, Role.MEMBER), Verb.STOP, "ada") == Allow()
    assert may(_actor(Role.VIEWER, Role.ADMIN), Verb.STOP, "bob") == Allow()


@pytest.mark.parametrize("verb", sorted(INSTANCES))
def test_what_is_a_teams_is_its_members_to_change_and_nobody_elses(verb: Verb) -> None:
    ada = Actor("ada", frozenset({Role.MEMBER}), Channel.API, teams=frozenset({"web", "data"}))
    assert may(ada, verb, "web") == may(ada, verb, "data") == may(ada, verb, "ada") == Allow()
    assert may(ada, verb, "ops") == Deny(
        f"ada may {verb} their own and their team's instances only, and this one is ops's"
    )
    assert isinstance(may(Actor("ada", frozenset({Role.VIEWER}), Channel.API, teams=ada.teams), verb, "web"), Deny)


def test_a_refusal_says_who_what_and_whose() -> None:
    assert may(_actor(Role.MEMBER), Verb.STOP, "bob") == Deny(
        "ada may stop their own instances only, and this one is bob's"
    )
    assert may(_actor(Role.MEMBER), Verb.PAUSE, None) == Deny("ada may not hold deadlines")
    assert may(_actor(Role.VIEWER), Verb.CREATE, "ada") == Deny("ada may not create instances")
