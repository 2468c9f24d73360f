"""Where people keep DigitalOcean's tokens, and which of them is taken."""

from __future__ import annotations

from pathlib import Path

import pytest

from im.domain.config.account import Account
from im.domain.errors import Refused
from im.providers.digitalocean import account
from im.providers.digitalocean.account import found, read, sentence, token_of

DOCTL = """\
access-token: dop_v1_usual
api-url: https://api.digitalocean.com
auth-contexts:
  lab: dop_v1_lab
  "old one": 'dop_v1_old'
context: default
droplet:
  create:
    image: ""
output: text
"""
OWN = Account("default", "digitalocean")


def of(**words: str) -> Account:
    return read(Account("lab", "digitalocean", words))


@pytest.fixture
def doctl(tmp_path: Path) -> dict[str, str]:
    """The environment of somebody who uses doctl."""
    folder = tmp_path / ".config" / "doctl"
    folder.mkdir(parents=True)
    (folder / "config.yaml").write_text(DOCTL)
    return {"HOME": str(tmp_path)}


def test_the_first_of_the_usual_variables_goes_before_doctl(doctl: dict[str, str]) -> None:
    for name in reversed(account.VARIABLES):
        doctl[name] = f"from {name}"
        assert (token_of(OWN, doctl), found(doctl)) == (f"from {name}", f"the token in {name}")


def test_doctls_contexts_are_read_as_doctl_reads_them(doctl: dict[str, str]) -> None:
    assert (token_of(OWN, doctl), found(doctl)) == ("dop_v1_usual", "doctl's context default")
    assert token_of(OWN, {**doctl, "DIGITALOCEAN_CONTEXT": "lab"}) == "dop_v1_lab"
    assert token_of(of(context="old one"), doctl) == "dop_v1_old"
    assert token_of(of(context="default"), doctl) == "dop_v1_usual"
    assert token_of(of(context="gone"), {**doctl, "DIGITALOCEAN_TOKEN": "another"}) == "", (
        "the one that was named, or none"
    )


@pytest.mark.parametrize("place", ["Library/Application Support/doctl", "snap/doctl/current/.config/doctl"])
def test_doctls_file_is_looked_for_where_each_system_has_it(tmp_path: Path, place: str) -> None:
    (tmp_path / place).mkdir(parents=True)
    (tmp_path / place / "config.yaml").write_text("access-token: dop_v1_there\r\n")
    assert token_of(OWN, {"HOME": str(tmp_path)}) == "dop_v1_there"


@pytest.mark.parametrize("text", ["", "\x00\xff", "- a\n- b\n", "auth-contexts: {}\n", "access-token:\n"])
def test_a_file_that_says_nothing_is_no_token(tmp_path: Path, text: str) -> None:
    (tmp_path / "doctl").mkdir()
    (tmp_path / "doctl" / "config.yaml").write_bytes(text.encode("latin-1"))
    env = {"XDG_CONFIG_HOME": str(tmp_path)}
    assert (token_of(OWN, env), found(env)) == ("", "")


def test_a_declared_account_says_where_its_token_is(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("dop_v1_file\n")
    assert token_of(of(token_file=str(tmp_path / "token")), {}) == "dop_v1_file"
    assert token_of(of(token_env="LAB"), {"LAB": " dop_v1_env "}) == "dop_v1_env"
    assert token_of(of(token="dop_v1_own"), {"DIGITALOCEAN_TOKEN": "another"}) == "dop_v1_own"
    assert sentence(of(context="lab")) == "the doctl context lab"
    assert sentence(OWN) == "DIGITALOCEAN_TOKEN, or doctl's context"
    assert "own" not in sentence(of(token="dop_v1_own")).replace("of its own", "")
    assert account.secrets(of(token_env="LAB"), {"LAB": "hush"}) == ["", "hush"]


def test_two_words_a_strange_word_and_a_file_that_is_not_there_are_refused() -> None:
    for words in ({"token": "a", "context": "b"}, {"role": "x"}, {"": "bare"}):
        with pytest.raises(Refused):
            of(**words)
    with pytest.raises(Refused, match="cannot be read"):
        token_of(of(token_file="/nonexistent/token"), {})
