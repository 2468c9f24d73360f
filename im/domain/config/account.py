"""Accounts of clouds, by the names that the settings give them: whose credentials the workers use for each.

    IM_ACCOUNTS="dev=dev-profile, lab=provider=hetzner;token_env=HCLOUD_LAB"

or in the config file, where a value may hold any character:

    [accounts.lab]
    provider = "hetzner"
    token_env = "HCLOUD_LAB"

Which words an account may have, and what they mean, is its cloud's to say (`im.providers.registry`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from im.domain.errors import Refused, near
from im.domain.input.text import check_text

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}", re.ASCII)
_WORD = re.compile(r"([a-z][a-z_-]{0,30})=(.*)", re.ASCII | re.DOTALL)
_LONGEST = 2048
PROVIDER, REGION = "provider", "region"
BARE = ""
"""The word of a value that was given without one; its cloud knows what it means."""


@dataclass(frozen=True, slots=True)
class Account:
    """An account of one cloud. `credentials` are its cloud's own words; without any the workers' own credentials are meant."""

    name: str
    provider: str = ""
    """Empty: nobody declared it, and it is one of whichever cloud is asked for."""
    credentials: Mapping[str, str] = field(default_factory=dict, repr=False, hash=False)
    region: str = ""
    """Where its machines go when nobody says where; empty where nothing names one."""

    def __str__(self) -> str:
        return f"{self.name} ({self.provider or 'any cloud'})"


def declared(given: object, usual: str) -> tuple[Account, ...]:
    """Accounts as the environment (text) or the config file (a table of tables) declares them; one that names no cloud is
    of `usual`. What its cloud's own words say is not looked at. Raises Refused."""
    if isinstance(given, str):
        pairs = [_parse(one.strip()) for one in re.split(r"[,\n]", given) if one.strip()]
    elif isinstance(given, Mapping):
        pairs = list(given.items())
    else:
        raise Refused("accounts are declared as tables", "write [accounts.prod] and below it what its cloud needs")
    made = tuple(_account(name, how, usual) for name, how in pairs)
    names = [one.name for one in made]
    for name in names:
        if names.count(name) > 1:
            raise Refused(f"the account {name} is declared twice", "give each a name of its own")
    return made


def _parse(text: str) -> tuple[str, dict[str, str]]:
    name, equals, rest = text.partition("=")
    if not equals or not rest.strip(" ;"):
        hint = "write IM_ACCOUNTS=name=profile, or name=word=value;word=value"
        raise Refused(f"IM_ACCOUNTS: '{text[:40]}' declares no account", hint)
    how = {}
    for one in rest.split(";"):
        worded = _WORD.fullmatch(one.strip())
        word, value = (worded[1], worded[2].strip()) if worded else (BARE, one.strip())
        if word or value:
            how[word] = value
    return name.strip(), how


def _account(name: str, how: Any, usual: str) -> Account:
    if not _NAME.fullmatch(str(name)):
        shape = "small letters, digits, dots, dashes, at most 63; like prod or team-a"
        raise Refused(f"'{str(name)[:40]}' is no name for an account", shape)
    if not isinstance(how, Mapping) or not all(isinstance(value, str) for value in how.values()):
        raise Refused(f"the account {name} is not a table of words", f'write [accounts.{name}] and word = "value"')
    words = dict(how)
    for word, value in words.items():
        check_text(
            value,
            f"the {word or 'value'} of the account {name}",
            _LONGEST,
            "write it in one line, without control characters",
        )
    provider, region = words.pop(PROVIDER, usual), words.pop(REGION, "")
    return Account(name, provider, words, region)


def check_words(account: Account, known: Sequence[str]) -> None:
    """Raises Refused, with the nearest, for a word that accounts of this cloud do not have."""
    for word in account.credentials:
        if word not in known:
            alike = near(word, known)
            raise Refused(
                f"the account {account.name} has an unknown word '{word[:40]}'" if word else _unworded(account),
                f"did you mean {alike[0]}?" if alike else f"known for {account.provider}: {', '.join(known) or 'none'}",
            )


def _unworded(account: Account) -> str:
    return f"the account {account.name} has a value without a word, which {account.provider} does not know"


def unknown(name: str, known: Sequence[str]) -> Refused:
    """Nobody declared an account of that name: what is near, and what there is."""
    alike = near(name, known, cutoff=0.5)
    there = f"declared here: {', '.join(known)}"
    hint = f"did you mean {alike[0]}?  {there}" if alike else f"{there}; others go under [accounts] in the config file"
    return Refused(f"there is no account '{name[:40]}'", hint)


def place_of(accounts: Sequence[Account], usual: Account, provider: str | None, account: str | None) -> tuple[str, str]:
    """The cloud and the account that are meant; `usual` where nothing is said. Raises Refused with what there is."""
    names = tuple(dict.fromkeys((usual.name, *(one.name for one in accounts))))
    if account is not None and account not in names:
        raise unknown(account, names)
    clouds = {one.name: one.provider for one in accounts}
    if account is None:
        wanted = provider or usual.provider
        if clouds.get(usual.name, wanted) == wanted:
            return wanted, usual.name
        account = next((name for name, cloud in clouds.items() if cloud == wanted), None)
        if account is None:
            told = f"{usual.name} is an account of {clouds[usual.name]}, and none of {wanted} is declared"
            raise Refused(told, f'write [accounts.NAME] and provider = "{wanted}" in the config file')
        return wanted, account
    cloud = clouds.get(account, provider or usual.provider)
    if provider not in (None, cloud):
        raise Refused(f"{account} is an account of {cloud}", f"leave --provider {provider} out, or name another")
    return cloud, account
