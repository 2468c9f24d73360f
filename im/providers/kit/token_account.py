"""Accounts of a cloud whose credentials are one token, which exactly one word of the declaration says or leads to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from im.domain.config.account import BARE, Account, check_words
from im.domain.errors import Refused


def read(account: Account, words: Sequence[str]) -> Account:
    """`account` itself. Raises Refused for a word that is none of `words`, and for two."""
    check_words(account, words)
    if BARE in account.credentials or len(account.credentials) > 1:
        given = " and ".join(word for word in account.credentials if word) or "a value without a word"
        raise Refused(f"the account {account.name} has {given}", f"give one of {', '.join(words)}")
    return account


def secrets(account: Account, env: Mapping[str, str]) -> list[str]:
    """What of it nobody may be shown."""
    return [account.credentials.get("token", ""), env.get(account.credentials.get("token_env", ""), "")]
