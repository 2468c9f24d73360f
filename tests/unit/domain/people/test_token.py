"""Tokens: their shape, their checksum, and what of them is repeated."""

from __future__ import annotations

import random
import secrets
import string

import pytest

from im.domain.access import Grant
from im.domain.errors import Refused
from im.domain.people import token
from im.domain.people.user import UserKind


@pytest.mark.parametrize(("kind", "prefix"), [(UserKind.PERSON, "im_pat_"), (UserKind.SERVICE, "im_svc_")])
def test_a_token_says_whose_kind_it_is_and_proves_itself(kind: UserKind, prefix: str) -> None:
    secret = token.make(kind, secrets.choice)
    assert secret.startswith(prefix)
    assert len(secret) == len(prefix) + 43 + 6
    assert token.check(secret) == secret
    assert set(secret[7:]) <= set(string.ascii_letters + string.digits)


def test_no_two_are_alike() -> None:
    made = {token.make(UserKind.PERSON, secrets.choice) for _ in range(200)}
    assert len({token.digest(one) for one in made}) == 200


def test_any_one_character_typed_wrongly_is_noticed() -> None:
    secret = token.make(UserKind.PERSON, random.Random(7).choice)
    for at in range(7, len(secret)):
        other = "0" if secret[at] != "0" else "1"
        with pytest.raises(Refused, match="typing error"):
            token.check(secret[:at] + other + secret[at + 1 :])


@pytest.mark.parametrize("wrong", ["", "im_pat_", "ghp_abc", "im_pat_" + "a" * 48, "im_pat_" + "é" * 49, "x" * 10_000])
def test_what_is_no_token_is_refused_and_not_repeated(wrong: str) -> None:
    with pytest.raises(Refused) as caught:
        token.check(wrong)
    assert not wrong[7:] or wrong[7:] not in str(caught.value) + caught.value.hint


def test_of_the_secret_only_its_beginning_is_shown() -> None:
    secret = token.make(UserKind.PERSON, secrets.choice)
    assert token.shown(secret) == secret[:11]
    assert secret[11:] not in token.digest(secret)


def test_whoever_may_change_may_see() -> None:
    assert token.read_grants(["terminate"]) == {Grant.READ, Grant.TERMINATE}
    assert token.read_grants(["read, write", "admin"]) == {Grant.READ, Grant.WRITE, Grant.ADMIN}
    with pytest.raises(Refused, match="'root' is nothing that a token can grant"):
        token.read_grants(["root"])
