"""Where people keep Crusoe's keys and projects, and which of them is taken."""

from __future__ import annotations

from pathlib import Path

import pytest

from im.domain.config.account import Account
from im.domain.errors import Refused
from im.providers.crusoe.account import Credentials, credentials_of, endpoint, found, read, secrets, sentence, url

OWN = Account("default", "crusoe")
CONFIG = """\
profile = "work"
[default]
access_key_id = "D"
secret_key = "d-secret"
[work]
access_key_id = "W"
secret_key = "w-secret"
default_project = "training"
"""


def of(**words: str) -> Account:
    return read(Account("lab", "crusoe", words))


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    (tmp_path / ".crusoe").mkdir()
    (tmp_path / ".crusoe" / "config").write_text(CONFIG)
    return {"HOME": str(tmp_path)}


def test_variables_go_before_the_file_of_crusoes_own_tools(home: dict[str, str]) -> None:
    assert credentials_of(OWN, home) == Credentials("W", "w-secret", "training")
    assert credentials_of(OWN, {**home, "CRUSOE_PROFILE": "default"}) == Credentials("D", "d-secret", "")
    keys = {"CRUSOE_ACCESS_KEY_ID": "E", "CRUSOE_SECRET_KEY": " e-secret\n"}
    assert credentials_of(OWN, {**home, **keys}) == Credentials("E", "e-secret", "training")
    assert credentials_of(OWN, {**home, "CRUSOE_ACCESS_KEY": "half"}) == Credentials("W", "w-secret", "training")
    project = {**home, **keys, "CRUSOE_PROJECT_ID": "later", "CRUSOE_DEFAULT_PROJECT": "sooner"}
    assert credentials_of(OWN, project).project == "sooner"
    assert credentials_of(OWN, {"HOME": "/nonexistent"}) == Credentials()


def test_an_account_says_where_its_own_is(home: dict[str, str]) -> None:
    usual = {**home, "CRUSOE_ACCESS_KEY_ID": "E", "CRUSOE_SECRET_KEY": "e", "CRUSOE_DEFAULT_PROJECT": "usual"}
    assert credentials_of(of(profile="default", project="lab"), usual) == Credentials("D", "d-secret", "lab")
    assert credentials_of(of(profile="none"), usual) == Credentials()
    own = of(access_key_id="A", secret_key_env="LAB")
    assert credentials_of(own, {**usual, "LAB": "a-secret"}) == Credentials("A", "a-secret", "usual")
    assert credentials_of(of(project="lab"), usual) == Credentials("E", "e", "lab")
    half = ({"access_key_id": "A"}, {"secret_key": "s"}, {"secret_key_env": "S"})
    twice = ({"profile": "p", "access_key_id": "A", "secret_key": "s"},)
    for words in (*half, *twice, {"access_key_id": "A", "secret_key": "s", "secret_key_env": "S"}, {"profil": "x"}):
        with pytest.raises(Refused):
            of(**words)


def test_what_is_said_of_it_holds_no_secret(home: dict[str, str]) -> None:
    assert found(home) == "the key in ~/.crusoe/config, project training"
    assert found({"CRUSOE_ACCESS_KEY": "A", "CRUSOE_SECRET_KEY": "s"}) == "the key in CRUSOE_ACCESS_KEY"
    assert found({"HOME": "/nonexistent"}) == ""
    own = of(access_key_id="A", secret_key="hush", project="lab")
    assert (sentence(own), secrets(own, {})) == ("a key of its own, project lab", ["hush", ""])
    assert sentence(of(profile="work")) == "the profile work of ~/.crusoe/config"
    assert sentence(of(access_key_id="A", secret_key_env="LAB")) == "the key whose secret is in LAB"


def test_the_address_of_before_is_no_longer_taken() -> None:
    assert url({"CRUSOE_API_ENDPOINT": "https://api.crusoecloud.com/v1alpha5"}) == ""
    assert endpoint({"CRUSOE_API_ENDPOINT": "https://crusoe.example/v1/"}) == "https://crusoe.example/v1"
    assert endpoint({}) == "the real Crusoe"
