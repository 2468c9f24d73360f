"""Logins: one word each, of characters that every place where an owner stands can bear."""

from __future__ import annotations

import pytest

from im.domain.errors import Refused
from im.domain.people.user import check_login


@pytest.mark.parametrize("login", ["ada", "a", "ada@example.com", "ml-team", "ada.b+test@x.org", "7up", "x" * 64])
def test_logins_as_people_have_them(login: str) -> None:
    assert check_login(login) == login


@pytest.mark.parametrize(
    "login",
    ["", " ", "Ada", "ada ", "-ada", "ada-", "a da", "ada\n", "адa", "a/b", "a:b", "x" * 65, "me", "all", "a\u202eb"],
)
def test_what_cannot_be_one_is_refused_with_what_can(login: str) -> None:
    with pytest.raises(Refused) as caught:
        check_login(login)
    assert "lower-case" in caught.value.hint or "meaning of its own" in caught.value.message
