"""Accounts of a cloud, by the names that the settings give them: whose credentials the workers use for each, never the secrets.

    IM_ACCOUNTS="dev=dev-profile, prod=arn:aws:iam::111122223333:role/im;external_id=…;profile=base"

or in the config file, where a value may hold any character:

    [accounts.prod]
    role = "arn:aws:iam::111122223333:role/im"
    external_id = "…"
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from im.domain.errors import Refused
from im.domain.input.text import check_text

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}", re.ASCII)
_ROLE = re.compile(r"arn:aws[a-z-]*:iam::(\d{12}):role/[\w+=,.@/-]{1,576}", re.ASCII)
_EXTERNAL_ID = re.compile(r"[\w+=,.@:/-]{2,1224}", re.ASCII)
_PROFILE = 128
_WAYS = ("profile", "role", "external_id")


@dataclass(frozen=True, slots=True)
class Account:
    """Which credentials: a role assumed with those of `profile`, that profile's own, or (neither given) the workers' own."""

    name: str
    profile: str = ""
    role: str = ""
    external_id: str = field(default="", repr=False)
    region: str = ""
    """What its profile names, where that was read; never declared."""

    @property
    def role_account(self) -> str:
        """The number of the account that the role belongs to; empty without a role."""
        found = _ROLE.fullmatch(self.role)
        return found[1] if found else ""

    @property
    def sentence(self) -> str:
        """How it is reached, for people."""
        base = f"profile {self.profile}" if self.profile else "the workers' own credentials"
        if not self.role:
            return base
        return f"role {self.role}, assumed with {base}" + (" and an external id" if self.external_id else "")

    def __str__(self) -> str:
        return f"{self.name} ({self.sentence})"


def declared(given: object) -> tuple[Account, ...]:
    """Accounts as the environment (text) or the config file (a table of tables) declares them. Raises Refused."""
    if isinstance(given, str):
        pairs = [_parse(one.strip()) for one in re.split(r"[,\n]", given) if one.strip()]
    elif isinstance(given, Mapping):
        pairs = list(given.items())
    else:
        raise Refused("accounts are declared as tables", "write [accounts.prod] and below it role = or profile =")
    made = tuple(_account(name, how) for name, how in pairs)
    names = [one.name for one in made]
    for name in names:
        if names.count(name) > 1:
            raise Refused(f"the account {name} is declared twice", "give each a name of its own")
    return made


def _parse(text: str) -> tuple[str, dict[str, str]]:
    name, equals, rest = text.partition("=")
    first, *more = rest.split(";")
    if not equals or not first.strip():
        hint = "write IM_ACCOUNTS=name=profile, or name=arn:aws:iam::111122223333:role/im"
        raise Refused(f"IM_ACCOUNTS: '{text[:40]}' declares no account", hint)
    how = {"role" if first.strip().startswith("arn:") else "profile": first.strip()}
    for one in more:
        word, _, value = one.partition("=")
        how[word.strip()] = value.strip()
    return name.strip(), how


def _account(name: str, how: Any) -> Account:
    if not _NAME.fullmatch(str(name)):
        shape = "small letters, digits, dots, dashes, at most 63; like prod or team-a"
        raise Refused(f"'{str(name)[:40]}' is no name for an account", shape)
    if not isinstance(how, Mapping) or not all(isinstance(value, str) for value in how.values()):
        raise Refused(f"the account {name} is not a table of words", f'write [accounts.{name}] and role = "arn:…"')
    for word in how:
        if word not in _WAYS:
            near = difflib.get_close_matches(word, _WAYS, n=1)
            raise Refused(
                f"the account {name} has an unknown word '{word[:40]}'",
                f"did you mean {near[0]}?" if near else f"known: {', '.join(_WAYS)}",
            )
    made = Account(name, **how)
    if made.profile:
        check_text(made.profile, f"the profile of the account {name}", _PROFILE, "name one of those in ~/.aws/config")
    if made.role and not _ROLE.fullmatch(made.role):
        hint = "it looks like arn:aws:iam::111122223333:role/im"
        raise Refused(f"the role of the account {name} is no role's ARN: {made.role[:80]}", hint)
    if made.external_id and not _EXTERNAL_ID.fullmatch(made.external_id):
        raise Refused(f"the external id of the account {name} is none", "2 to 1224 letters, digits or +=,.@:/-")
    if made.external_id and not made.role:
        raise Refused(f"the account {name} has an external id and no role", "an external id goes with role = arn:…")
    return made


def unknown(name: str, known: Sequence[str]) -> Refused:
    """Nobody declared an account of that name: what is near, and what there is."""
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    there = f"declared here: {', '.join(known)}"
    hint = f"did you mean {near[0]}?  {there}" if near else f"{there}; others go under [accounts] in the config file"
    return Refused(f"there is no account '{name[:40]}'", hint)
