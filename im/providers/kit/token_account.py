"""Accounts of a cloud whose credentials are one token, which exactly one word of the declaration says or leads to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from im.domain.config.account import BARE, Account, check_words
from im.domain.errors import Refused


def read(account: Account, words: Sequence[str]) -> Account:
    """`account` itself. Raises Refused for a word that is none of `words`, and for two."""
    check_words(account, words)
    if BARE in account.credentials or len(account.credentials) > 1:
        given = " and ".join(word for word in account.credentials if word) or "a value without a word"
        raise Refused(f"the account {account.name} has {given}", f"give one of {', '.join(words)}")
    return account


def secrets(account: Account, env: Mapping[str, str]) -> list[str]:
    """What of it nobody may be shown."""
    return [account.credentials.get("token", ""), env.get(account.credentials.get("token_env", ""), "")]


def sentence(account: Account, tool: str, otherwise: str) -> str:
    """Where its token is looked for, for people; `tool` has contexts, `otherwise` is where it is without a word."""
    words = account.credentials
    for word, said in (
        ("token_env", "the token in {}"),
        ("token_file", "the token in {}"),
        ("context", f"the {tool} context {{}}"),
    ):
        if word in words:
            return said.format(words[word])
    return "a token of its own" if "token" in words else otherwise


def token(
    account: Account, env: Mapping[str, str], variables: Sequence[str], of_context: Callable[[str], tuple[str, str]]
) -> str:
    """The token; empty where there is none. Raises Refused for a file that cannot be read.

    `of_context`: (name, token) of a context in the file of the cloud's own tool, of the usual one where its name is empty.
    """
    words = account.credentials
    if "token" in words:
        return words["token"].strip()
    if "token_env" in words:
        return env.get(words["token_env"], "").strip()
    if "token_file" in words:
        return _file(Path(words["token_file"])).strip()
    if "context" not in words and (name := variable(env, variables)):
        return env[name].strip()
    return of_context(words.get("context", ""))[1]


def variable(env: Mapping[str, str], variables: Sequence[str]) -> str:
    """The first that is set; empty where none is."""
    return next((name for name in variables if env.get(name)), "")


def _file(path: Path) -> str:
    try:
        return path.expanduser().read_text(encoding="utf-8")
    except (OSError, RuntimeError, UnicodeDecodeError) as exc:
        raise Refused(f"the file of a token cannot be read: {path}", "mend token_file in the config file") from exc
