"""How a team of DigitalOcean is reached: a token, from wherever people keep it. Offline; no token leaves this file but to be sent.

[accounts.lab]
provider = "digitalocean"
token_env = "DO_TOKEN_LAB"      # or token_file = "…", context = "…" (of the doctl tool), token = "…"
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from im.domain.config.account import Account
from im.domain.config.region import Region
from im.providers.kit import token_account

REGION = "all"
SECRET_VARIABLES, KEPT = ("DIGITALOCEAN_", "DO_API_"), ()
"""Beginnings of variables that no pretended cloud may see, and those of them that it may."""
PRETENDED: dict[str, str] = {}
"""What stands in their place."""
WORDS = ("token_env", "token_file", "context", "token")
VARIABLES = ("DIGITALOCEAN_TOKEN", "DIGITALOCEAN_ACCESS_TOKEN", "DO_API_TOKEN", "DO_API_KEY")
"""In this order: pydo's and Terraform's, doctl's, and those of older scripts."""
CONTEXT, URL = "DIGITALOCEAN_CONTEXT", "DIGITALOCEAN_API_URL"
"""Those that doctl reads: which of its contexts, and where the API is (without the version)."""
_LINE = re.compile(r"""( *)["']?([^\s"':#][^"':]*)["']?: *["']?([^\s"'#]*)["']?""")


def read(account: Account) -> Account:
    """`account` itself. Raises Refused for a word that is none, and for two that say where the token is."""
    return token_account.read(account, WORDS)


def home(env: Mapping[str, str], written: Region | None, account: Account | None = None) -> Region | None:
    """A token sees every region of DigitalOcean's at once; which one is chosen is the zone."""
    return Region(REGION, "a team sees every region")


secrets = token_account.secrets


def sentence(account: Account) -> str:
    """Where its token is looked for, for people."""
    return token_account.sentence(account, "doctl", f"{VARIABLES[0]}, or doctl's context")


def token_of(account: Account, env: Mapping[str, str]) -> str:
    """The token; empty where there is none. Raises Refused for a file that cannot be read."""
    return token_account.token(account, env, VARIABLES, lambda name: _context(env, name))


def found(env: Mapping[str, str]) -> str:
    """In words, which token is to be seen in `env`, and would be used; empty when there is none."""
    if variable := token_account.variable(env, VARIABLES):
        return f"the token in {variable}"
    name, token = _context(env, "")
    return f"doctl's context {name or 'default'}" if token else ""


MISSING = f"set {VARIABLES[0]}; the control panel makes a token under API, Tokens"
"""What to do when there is none."""


def endpoint(env: Mapping[str, str]) -> str:
    return env.get(URL, "the real DigitalOcean")


def _context(env: Mapping[str, str], name: str) -> tuple[str, str]:
    """(name, token) of a context in doctl's file: of the one that is named, or the current one. The file's own token is that of the
    context `default`: https://docs.digitalocean.com/reference/doctl/how-to/install/"""
    home = Path(env.get("HOME") or "/nonexistent")
    base = Path(env.get("XDG_CONFIG_HOME") or home / ".config")
    places = (
        base / "doctl" / "config.yaml",
        home / "Library" / "Application Support" / "doctl" / "config.yaml",
        home / "snap" / "doctl" / "current" / ".config" / "doctl" / "config.yaml",
    )
    for path in places:
        try:
            kept = _read(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError):
            continue
        wanted = name or env.get(CONTEXT) or kept.get("context", "")
        own = kept.get("access-token", "") if wanted in ("", "default") else ""
        return wanted, kept.get(f"auth-contexts/{wanted}", "") or own
    return "", ""


def _read(text: str) -> dict[str, str]:
    """The two levels of doctl's file that matter: `key` and `table/key`. It is written by a tool, one pair on a line."""
    found, table = {}, ""
    for line in text.splitlines():
        if (pair := _LINE.fullmatch(line.rstrip())) is None:
            continue
        indent, key, value = pair.groups()
        table = table if indent else key
        found[f"{table}/{key}" if indent else key] = value
    return found
