"""Where people keep Hetzner's tokens, and which of them is taken."""

from __future__ import annotations

from pathlib import Path

import pytest

from im.domain.config.account import Account
from im.domain.errors import Refused
from im.providers.hetzner import account
from im.providers.hetzner.account import found, read, sentence, token_of

HCLOUD = """\
active_context = "lab"

[[contexts]]
name = "lab"
token = "of-lab"

[[contexts]]
name = "old one"
token = "of-old"
"""
OWN = Account("default", "hetzner")


def of(**words: str) -> Account:
    return read(Account("lab", "hetzner", words))


@pytest.fixture
def hcloud(tmp_path: Path) -> dict[str, str]:
    """The environment of somebody who uses Hetzner's own tool."""
    folder = tmp_path / ".config" / "hcloud"
    folder.mkdir(parents=True)
    (folder / "cli.toml").write_text(HCLOUD)
    return {"HOME": str(tmp_path)}


def test_the_first_of_the_usual_variables_goes_before_the_tools_file(hcloud: dict[str, str]) -> None:
    for name in reversed(account.VARIABLES):
        hcloud[name] = f"from {name}"
        assert (token_of(OWN, hcloud), found(hcloud)) == (f"from {name}", f"the token in {name}")


def test_the_tools_contexts_are_read_as_the_tool_reads_them(hcloud: dict[str, str], tmp_path: Path) -> None:
    assert (token_of(OWN, hcloud), found(hcloud)) == ("of-lab", "the hcloud tool's context lab")
    assert token_of(OWN, {**hcloud, "HCLOUD_CONTEXT": "old one"}) == "of-old"
    assert found({**hcloud, "HCLOUD_CONTEXT": "old one"}) == "the hcloud tool's context old one"
    assert token_of(of(context="old one"), {**hcloud, "HCLOUD_TOKEN": "another"}) == "of-old"
    assert token_of(of(context="gone"), {**hcloud, "HCLOUD_TOKEN": "another"}) == "", "the one that was named, or none"
    (tmp_path / "elsewhere.toml").write_text(HCLOUD.replace("of-lab", "of-elsewhere"))
    assert token_of(OWN, {**hcloud, "HCLOUD_CONFIG": str(tmp_path / "elsewhere.toml")}) == "of-elsewhere"


@pytest.mark.parametrize(
    "text", ["", "\x00\xff", "active_context = 7\n", "contexts = 3\n", "[[contexts]]\nname = 'x'\n"]
)
def test_a_file_that_says_nothing_is_no_token(tmp_path: Path, text: str) -> None:
    (tmp_path / "hcloud").mkdir()
    (tmp_path / "hcloud" / "cli.toml").write_bytes(text.encode("latin-1"))
    env = {"XDG_CONFIG_HOME": str(tmp_path)}
    assert (token_of(OWN, env), found(env)) == ("", "")


def test_a_declared_account_says_where_its_token_is(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("of-file\n")
    assert token_of(of(token_file=str(tmp_path / "token")), {}) == "of-file"
    assert token_of(of(token_env="LAB"), {"LAB": " of-env "}) == "of-env"
    assert token_of(of(token="of-itself"), {"HCLOUD_TOKEN": "another"}) == "of-itself"
    assert sentence(of(context="lab")) == "the hcloud context lab"
    assert account.secrets(of(token_env="LAB"), {"LAB": "hush"}) == ["", "hush"]
    with pytest.raises(Refused, match="cannot be read"):
        token_of(of(token_file="/nonexistent/token"), {})
