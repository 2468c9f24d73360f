"""Accounts of a cloud that asks nobody who they are."""

from __future__ import annotations

from collections.abc import Mapping

from im.domain.config.account import Account, check_words
from im.domain.config.region import Region


def read(account: Account) -> Account:
    """`account` itself. Raises Refused when it says anything."""
    check_words(account, ())
    return account


def home(env: Mapping[str, str], written: Region | None, account: Account | None = None) -> Region | None:
    """Whatever im's own config file says."""
    return written


def secrets(account: Account, env: Mapping[str, str]) -> list[str]:
    return []


def sentence(account: Account) -> str:
    return "no credentials are needed"


def found(env: Mapping[str, str]) -> str:
    return ""


def endpoint(env: Mapping[str, str]) -> str:
    return "this process"


MISSING = ""
