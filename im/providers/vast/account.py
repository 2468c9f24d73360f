"""How an account of Vast.ai is reached: an API key, from wherever people keep it. Offline; no key leaves this file but to be sent.

[accounts.market]
provider = "vast"
token_env = "VAST_LAB"      # or token_file = "…", token = "…"
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from im.domain.config.account import Account
from im.domain.config.region import Region
from im.providers.kit import token_account

REGION = "market"
SECRET_VARIABLES, KEPT = ("VAST_",), ()
"""Beginnings of variables that no pretended cloud may see, and those of them that it may."""
PRETENDED: dict[str, str] = {}
"""What stands in their place."""
WORDS = ("token_env", "token_file", "token")
VARIABLES = ("VAST_API_KEY",)
FILES = (".config/vastai/vast_api_key", ".vast_api_key")
"""Where Vast's own program keeps it, below the home folder; the older place last."""


def read(account: Account) -> Account:
    """`account` itself. Raises Refused for a word that is none, and for two that say where the key is."""
    return token_account.read(account, WORDS)


def home(env: Mapping[str, str], written: Region | None, account: Account | None = None) -> Region | None:
    """There is one market; in which country a host stands is the zone."""
    return Region(REGION, "there is one market")


secrets = token_account.secrets


def sentence(account: Account) -> str:
    """Where its key is looked for, for people."""
    return token_account.sentence(account, "vastai", f"{VARIABLES[0]}, or the key of Vast's own program")


def token_of(account: Account, env: Mapping[str, str]) -> str:
    """The API key; empty where there is none. Raises Refused for a file that cannot be read."""
    return token_account.token(account, env, VARIABLES, lambda context: ("", _of_file(env)))


def found(env: Mapping[str, str]) -> str:
    """In words, which key is to be seen in `env`, and would be used; empty when there is none."""
    if variable := token_account.variable(env, VARIABLES):
        return f"the API key in {variable}"
    return next((f"the API key in ~/{one}" for one in FILES if _read(env, one)), "")


MISSING = f"set {VARIABLES[0]}; https://cloud.vast.ai/manage-keys/ makes a key"
"""What to do when there is none."""


def endpoint(env: Mapping[str, str]) -> str:
    return url(env) or "the real Vast.ai"


def url(env: Mapping[str, str]) -> str:
    """Where the API is; empty where nobody says."""
    return env.get("VAST_URL", "").rstrip("/")


def _of_file(env: Mapping[str, str]) -> str:
    return next((key for one in FILES if (key := _read(env, one))), "")


def _read(env: Mapping[str, str], name: str) -> str:
    try:
        return (Path(env.get("HOME") or "/nonexistent") / name).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return ""
