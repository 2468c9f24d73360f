"""How projects of Nebius are reached: a service account's credentials or a token, from wherever people keep them. Offline.

[accounts.lab]
provider = "nebius"
projects = "project-e00abc, project-u00def"    # one in each region where machines may be
credentials = "/etc/im/nebius.json"            # or token_env = "…", token_file = "…"
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from im.domain.config.account import BARE, Account, check_words
from im.domain.config.region import Region
from im.domain.errors import Refused
from im.providers.kit.extra import Extra

EXTRA = Extra("nebius", "nebius", ("grpc", "nebius.sdk"))
"""Nebius' own SDK, of which the messages are used, and gRPC."""
REGION = "all"
SECRET_VARIABLES, KEPT = ("NEBIUS_",), ()
"""Beginnings of variables that no pretended cloud may see, and those of them that it may."""
PRETENDED: dict[str, str] = {}
"""What stands in their place."""
PRETENDED_PROJECTS = ("project-e00", "project-e01", "project-u00")
"""How the ids of a pretended account's projects begin, before its name."""
WORDS = ("projects", "credentials", "token_env", "token_file")
TOKEN, PROJECTS = "NEBIUS_IAM_TOKEN", "IM_NEBIUS_PROJECTS"
_PROJECT = re.compile(r"project-[a-z0-9]+", re.ASCII)


def read(account: Account) -> Account:
    """`account` itself. Raises Refused for a word that is none, for two that say who we are, and for what is no project."""
    check_words(account, WORDS)
    words = account.credentials
    who = [word for word in WORDS[1:] if word in words]
    if BARE in words or len(who) > 1:
        given = " and ".join(who) or "a value without a word"
        raise Refused(f"the account {account.name} has {given}", f"give one of {', '.join(WORDS[1:])}")
    projects_in(words.get("projects", ""))
    return account


def projects_in(said: str) -> tuple[str, ...]:
    """Ids of projects, written with commas. Raises Refused."""
    found = tuple(filter(None, (one.strip() for one in said.split(","))))
    for one in found:
        if not _PROJECT.fullmatch(one):
            raise Refused(f"'{one[:40]}' is not the id of a project of Nebius'", "it looks like project-e00abc123")
    return found


def check_projects(said: str) -> str:
    projects_in(said)
    return said


def home(env: Mapping[str, str], written: Region | None, account: Account | None = None) -> Region | None:
    """A project lies in one region, and an account has several: which one is chosen is the zone."""
    return Region(REGION, "each project lies in a region of its own")


def secrets(account: Account, env: Mapping[str, str]) -> list[str]:
    """What of it nobody may be shown."""
    return [env.get(account.credentials.get("token_env", TOKEN), "")]


def sentence(account: Account) -> str:
    """Where its credentials are looked for, for people."""
    words = account.credentials
    if "credentials" in words:
        return f"the service account's key in {words['credentials']}"
    for word in ("token_env", "token_file"):
        if word in words:
            return f"the token in {words[word]}"
    return f"{TOKEN}, or the service account's key in ~/.nebius/credentials.json"


def projects_of(account: Account, usual: str) -> tuple[str, ...]:
    """Its own, or the `usual` ones; none where nobody names any. Raises Refused."""
    return projects_in(account.credentials.get("projects", "") or usual)


def token_of(account: Account, env: Mapping[str, str]) -> str:
    """A token that is there already; empty where there is none. Raises Refused for a file that cannot be read."""
    words = account.credentials
    if "credentials" in words:
        return ""
    if "token_file" in words:
        try:
            return Path(words["token_file"]).expanduser().read_text(encoding="utf-8").strip()
        except (OSError, RuntimeError, UnicodeDecodeError) as exc:
            told = f"the file of a token cannot be read: {words['token_file']}"
            raise Refused(told, "mend token_file in the config file") from exc
    return env.get(words.get("token_env", TOKEN), "").strip()


def key_file(account: Account, env: Mapping[str, str]) -> Path | None:
    """The file of a service account's key; None where there is none."""
    if named := account.credentials.get("credentials"):
        return Path(named).expanduser()
    usual = Path(env.get("HOME") or "/nonexistent") / ".nebius" / "credentials.json"
    return usual if usual.is_file() else None


def found(env: Mapping[str, str]) -> str:
    """In words, which credentials are to be seen in `env`, and would be used; empty when there are none."""
    where = "" if env.get(PROJECTS) else f", and no project: set {PROJECTS}"
    if env.get(TOKEN):
        return f"the token in {TOKEN}{where}"
    file = key_file(Account("default", "nebius"), env)
    return f"the service account's key in ~/.nebius/credentials.json{where}" if file else ""


MISSING = f"put a service account's key into ~/.nebius/credentials.json (nebius iam auth-public-key generate), and set {PROJECTS}"
"""What to do when there are none."""


def endpoint(env: Mapping[str, str]) -> str:
    return "the real Nebius"
