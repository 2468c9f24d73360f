"""How a project of Crusoe's is reached: a key pair and the project, from wherever people keep them. Offline.

[accounts.lab]
provider = "crusoe"
profile = "lab"                       # a profile of ~/.crusoe/config; or, in its place:
access_key_id = "…"
secret_key_env = "CRUSOE_SECRET_LAB"  # or secret_key = "…"
project = "lab"                       # its name or id; else that of the profile
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from im.domain.config.account import BARE, Account, check_words
from im.domain.config.region import Region
from im.domain.errors import Refused

REGION = "all"
SECRET_VARIABLES, KEPT = ("CRUSOE_",), ()
"""Beginnings of variables that no pretended cloud may see, and those of them that it may."""
PRETENDED: dict[str, str] = {}
"""What stands in their place."""
WORDS = ("profile", "access_key_id", "secret_key", "secret_key_env", "project")
KEY_IDS = ("CRUSOE_ACCESS_KEY_ID", "CRUSOE_ACCESS_KEY")
SECRETS = ("CRUSOE_SECRET_KEY",)
PROJECTS = ("CRUSOE_DEFAULT_PROJECT", "CRUSOE_PROJECT_ID")
"""Variables in this order: those of Crusoe's own tools first, then those of other tools."""
PROFILE, URL = "CRUSOE_PROFILE", "CRUSOE_API_ENDPOINT"
_OLD = ("https://api.crusoecloud.com/v1", "https://api.crusoecloud.com/v1alpha5")
"""Where the API was before 2026; its own tools take the new address for these."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """What signs, and the project by its name or id; each is empty where nothing tells it."""

    key_id: str = ""
    secret: str = ""
    project: str = ""


def read(account: Account) -> Account:
    """`account` itself. Raises Refused for a word that is none, and for a key that is told by half, or twice."""
    check_words(account, WORDS)
    said = set(account.credentials)
    if BARE in said:
        raise Refused(f"the account {account.name} has a value without a word", f"give one of {', '.join(WORDS)}")
    keys = said & {"secret_key", "secret_key_env"}
    if len(keys) > 1 or ("profile" in said and said & {"access_key_id", *keys}):
        raise Refused(
            f"the account {account.name} says twice what signs for it", "give profile, or access_key_id and one secret"
        )
    if bool(keys) is not ("access_key_id" in said):
        raise Refused(
            f"the account {account.name} has one half of a key pair", "give access_key_id and secret_key_env together"
        )
    return account


def home(env: Mapping[str, str], written: Region | None, account: Account | None = None) -> Region | None:
    """A project sees every location of Crusoe's at once; which one is chosen is the zone."""
    return Region(REGION, "a project sees every location")


def secrets(account: Account, env: Mapping[str, str]) -> list[str]:
    """What of it nobody may be shown."""
    words = account.credentials
    return [words.get("secret_key", ""), env.get(words.get("secret_key_env", ""), "")]


def sentence(account: Account) -> str:
    """Where its key is looked for, for people."""
    words = account.credentials
    whose = f", project {words['project']}" if "project" in words else ""
    if "profile" in words:
        return f"the profile {words['profile']} of ~/.crusoe/config{whose}"
    if "secret_key_env" in words:
        return f"the key whose secret is in {words['secret_key_env']}{whose}"
    if "secret_key" in words:
        return f"a key of its own{whose}"
    return f"{KEY_IDS[0]} and {SECRETS[0]}, or ~/.crusoe/config{whose}"


def credentials_of(account: Account, env: Mapping[str, str]) -> Credentials:
    """As Crusoe's own tools read them: variables go before the file, unless the account names a profile or a key of its own."""
    words = account.credentials
    if "access_key_id" in words:
        secret = words.get("secret_key") or env.get(words.get("secret_key_env", ""), "")
        return Credentials(words["access_key_id"], secret.strip(), words.get("project") or _first(env, PROJECTS))
    kept = _of_file(env, words.get("profile", ""))
    if "profile" in words:
        return Credentials(kept.key_id, kept.secret, words.get("project") or kept.project)
    project = words.get("project") or _first(env, PROJECTS) or kept.project
    if _first(env, KEY_IDS) and _first(env, SECRETS):
        return Credentials(_first(env, KEY_IDS), _first(env, SECRETS), project)
    return Credentials(kept.key_id, kept.secret, project)


def found(env: Mapping[str, str]) -> str:
    """In words, which key is to be seen in `env`, and would be used; empty when there is none."""
    told = credentials_of(Account("default", "crusoe"), env)
    where = f", project {told.project}" if told.project else ""
    if _first(env, KEY_IDS) and _first(env, SECRETS):
        return f"the key in {next(one for one in KEY_IDS if env.get(one))}{where}"
    return f"the key in ~/.crusoe/config{where}" if told.key_id and told.secret else ""


MISSING = f"set {KEY_IDS[0]} and {SECRETS[0]}, or run  crusoe config init"
"""What to do when there is none."""


def endpoint(env: Mapping[str, str]) -> str:
    return url(env) or "the real Crusoe"


def url(env: Mapping[str, str]) -> str:
    """Where the API is, with its version; empty where nobody says, or where it is no longer."""
    told = env.get(URL, "").rstrip("/")
    return "" if told in _OLD else told


def _first(env: Mapping[str, str], names: tuple[str, ...]) -> str:
    return next((env[one].strip() for one in names if env.get(one)), "")


def _of_file(env: Mapping[str, str], named: str) -> Credentials:
    """Of the profile that is named, or of the usual one; nothing where there is none."""
    path = Path(env.get("HOME") or "/nonexistent") / ".crusoe" / "config"
    try:
        kept: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return Credentials()
    profile = kept.get(named or env.get(PROFILE) or str(kept.get("profile") or "default"))
    if not isinstance(profile, dict):
        return Credentials()
    told = [str(profile.get(word) or "").strip() for word in ("access_key_id", "secret_key", "default_project")]
    return Credentials(*told)
