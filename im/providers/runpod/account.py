"""How an account of RunPod is reached: an API key, from wherever people keep it. Offline; no key leaves this file but to be sent.

[accounts.lab]
provider = "runpod"
token_env = "RUNPOD_LAB"      # or token_file = "…", token = "…"
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path

from im.domain.config.account import Account
from im.domain.config.region import Region
from im.providers.kit import token_account

REGION = "all"
URL = "https://api.runpod.io"
SECRET_VARIABLES, KEPT = ("RUNPOD_",), ()
"""Beginnings of variables that no pretended cloud may see, and those of them that it may."""
PRETENDED: dict[str, str] = {}
"""What stands in their place."""
WORDS = ("token_env", "token_file", "token")
VARIABLES = ("RUNPOD_API_KEY",)
_FILE = "~/.runpod/config.toml"


def read(account: Account) -> Account:
    """`account` itself. Raises Refused for a word that is none, and for two that say where the key is."""
    return token_account.read(account, WORDS)


def home(env: Mapping[str, str], written: Region | None, account: Account | None = None) -> Region | None:
    """A key sees every data center of RunPod's at once; which one is chosen is the zone."""
    return Region(REGION, "a key sees every data center")


secrets = token_account.secrets


def sentence(account: Account) -> str:
    """Where its key is looked for, for people."""
    return token_account.sentence(account, "runpodctl", f"{VARIABLES[0]}, or RunPod's own {_FILE}")


def token_of(account: Account, env: Mapping[str, str]) -> str:
    """The API key; empty where there is none. Raises Refused for a file that cannot be read."""
    return token_account.token(account, env, VARIABLES, lambda _: ("", _of_file(env)))


def found(env: Mapping[str, str]) -> str:
    """In words, which key is to be seen in `env`, and would be used; empty when there is none."""
    if variable := token_account.variable(env, VARIABLES):
        return f"the API key in {variable}"
    return f"the API key in {_FILE}" if _of_file(env) else ""


MISSING = f"set {VARIABLES[0]}; RunPod's console makes a key under Settings"
"""What to do when there is none."""


def endpoint(env: Mapping[str, str]) -> str:
    return url(env) or "the real RunPod"


def url(env: Mapping[str, str]) -> str:
    """Where the API is, without its version, as RunPod's own package has it; empty where nobody says."""
    return env.get("RUNPOD_API_BASE_URL", "").rstrip("/").removesuffix("/v2")


def _of_file(env: Mapping[str, str]) -> str:
    """`[default] api_key` of RunPod's package, or `apikey` of its command line: both write the same file."""
    path = Path(env.get("HOME") or "/nonexistent") / ".runpod" / "config.toml"
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return ""
    own = told.get("default")
    key = (own.get("api_key") if isinstance(own, dict) else None) or told.get("apikey") or told.get("apiKey")
    return key.strip() if isinstance(key, str) else ""
