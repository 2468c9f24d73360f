"""How a project of Hetzner is reached: a token, from wherever people keep it. Offline; no token leaves this file but to be sent.

[accounts.lab]
provider = "hetzner"
token_env = "HCLOUD_TOKEN_LAB"      # or token_file = "…", context = "…" (of the hcloud tool), token = "…"
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from im.domain.config.account import Account
from im.domain.config.region import Region
from im.providers.kit import token_account

REGION = "all"
SECRET_VARIABLES, KEPT = ("HCLOUD_", "HETZNER_"), ()
"""Beginnings of variables that no pretended cloud may see, and those of them that it may."""
PRETENDED: dict[str, str] = {}
"""What stands in their place."""
WORDS = ("token_env", "token_file", "context", "token")
VARIABLES = ("HCLOUD_TOKEN", "HETZNER_API_TOKEN", "HETZNER_TOKEN")
"""In this order: Hetzner's own tools' and Terraform's, and those of others."""
CONFIG, CONTEXT = "HCLOUD_CONFIG", "HCLOUD_CONTEXT"
"""Those that Hetzner's own tool reads: https://github.com/hetznercloud/cli, "Configuration options"."""


def read(account: Account) -> Account:
    """`account` itself. Raises Refused for a word that is none, and for two that say where the token is."""
    return token_account.read(account, WORDS)


def home(env: Mapping[str, str], written: Region | None, account: Account | None = None) -> Region | None:
    """Hetzner has locations, and no regions to choose from."""
    return Region(REGION, "a project sees every location")


secrets = token_account.secrets


def sentence(account: Account) -> str:
    """Where its token is looked for, for people."""
    return token_account.sentence(account, "hcloud", f"{VARIABLES[0]}, or the hcloud tool's context")


def token_of(account: Account, env: Mapping[str, str]) -> str:
    """The token; empty where there is none. Raises Refused for a file that cannot be read."""
    return token_account.token(account, env, VARIABLES, lambda name: _context(env, name))


def found(env: Mapping[str, str]) -> str:
    """In words, which token is to be seen in `env`, and would be used; empty when there is none."""
    if variable := token_account.variable(env, VARIABLES):
        return f"the token in {variable}"
    name, token = _context(env, "")
    return f"the hcloud tool's context {name}" if token else ""


MISSING = f"set {VARIABLES[0]}; the console makes a token under Security, API tokens"
"""What to do when there is none."""


def endpoint(env: Mapping[str, str]) -> str:
    return env.get("HCLOUD_ENDPOINT", "the real Hetzner")


def _context(env: Mapping[str, str], name: str) -> tuple[str, str]:
    """(name, token) of a context in the file of Hetzner's own tool: of the one that is named, or the active one."""
    base = Path(env.get("XDG_CONFIG_HOME") or Path(env.get("HOME") or "/nonexistent") / ".config")
    path = Path(env[CONFIG]) if env.get(CONFIG) else base / "hcloud" / "cli.toml"
    try:
        kept: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
        wanted = name or env.get(CONTEXT) or str(kept.get("active_context", ""))
        tokens = {str(one["name"]): str(one["token"]) for one in kept.get("contexts", [])}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return "", ""
    return wanted, tokens.get(wanted, "")
