"""How a team of Lambda is reached: an API key, from wherever people keep it. Offline; no key leaves this file but to be sent.

[accounts.lab]
provider = "lambda"
token_env = "LAMBDA_LAB"      # or token_file = "…", token = "…"
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from im.domain.config.account import Account
from im.domain.config.region import Region
from im.domain.errors import Refused
from im.providers.kit import token_account

REGION = "all"
SECRET_VARIABLES, KEPT = ("LAMBDA_API_", "LAMBDA_CLOUD_"), ()
"""Beginnings of variables that no pretended cloud may see, and those of them that it may."""
PRETENDED: dict[str, str] = {}
"""What stands in their place."""
WORDS = ("token_env", "token_file", "token")
VARIABLES = (
    *("LAMBDA_API_KEY", "LAMBDA_CLOUD_API_KEY", "LAMBDA_CLOUD_API_TOKEN", "LAMBDA_CLOUD_TOKEN", "LAMBDA_API_TOKEN"),
)
"""In this order: that of Lambda's own examples first, then those of other tools."""
URLS = ("LAMBDA_CLOUD_BASE_URL", "LAMBDA_API_BASE_URL")
"""Where the API is, with its version or without."""
_KEY = re.compile(r"\s*api_key\s*=\s*[\"']?([^\s\"'#]+)", re.ASCII)


def read(account: Account) -> Account:
    """`account` itself. Raises Refused for a word that is none, and for two that say where the key is."""
    return token_account.read(account, WORDS)


def home(env: Mapping[str, str], written: Region | None, account: Account | None = None) -> Region | None:
    """A key sees every region of Lambda's at once; which one is chosen is the zone."""
    return Region(REGION, "a team sees every region")


secrets = token_account.secrets


def sentence(account: Account) -> str:
    """Where its key is looked for, for people."""
    for word in ("token_env", "token_file"):
        if word in account.credentials:
            return f"the API key in {account.credentials[word]}"
    return (
        "an API key of its own" if "token" in account.credentials else f"{VARIABLES[0]}, or Lambda's own file of keys"
    )


def token_of(account: Account, env: Mapping[str, str]) -> str:
    """The API key; empty where there is none. Raises Refused for a file that cannot be read."""
    words = account.credentials
    if "token" in words:
        return words["token"].strip()
    if "token_env" in words:
        return env.get(words["token_env"], "").strip()
    if "token_file" in words:
        return _of_file(Path(words["token_file"]))
    return env[variable].strip() if (variable := token_account.variable(env, VARIABLES)) else _of_keys(env)


def found(env: Mapping[str, str]) -> str:
    """In words, which key is to be seen in `env`, and would be used; empty when there is none."""
    if variable := token_account.variable(env, VARIABLES):
        return f"the API key in {variable}"
    return "the API key in ~/.lambda_cloud/lambda_keys" if _of_keys(env) else ""


MISSING = f"set {VARIABLES[0]}; the dashboard makes a key under API keys"
"""What to do when there is none."""


def endpoint(env: Mapping[str, str]) -> str:
    return url(env) or "the real Lambda"


def url(env: Mapping[str, str]) -> str:
    """Where the API is, without its version; empty where nobody says."""
    told = next((env[name] for name in URLS if env.get(name)), "")
    return told.rstrip("/").removesuffix("/api/v1")


def _of_keys(env: Mapping[str, str]) -> str:
    """`api_key = …` of the file that SkyPilot and others read: https://docs.skypilot.co/en/latest/getting-started/installation.html"""
    path = Path(env.get("HOME") or "/nonexistent") / ".lambda_cloud" / "lambda_keys"
    try:
        return _key_in(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        return ""


def _of_file(path: Path) -> str:
    """The key alone, or a file of that form."""
    try:
        text = path.expanduser().read_text(encoding="utf-8")
    except (OSError, RuntimeError, UnicodeDecodeError) as exc:
        raise Refused(f"the file of an API key cannot be read: {path}", "mend token_file in the config file") from exc
    return _key_in(text) or text.strip()


def _key_in(text: str) -> str:
    return next((pair[1] for line in text.splitlines() if (pair := _KEY.match(line))), "")
