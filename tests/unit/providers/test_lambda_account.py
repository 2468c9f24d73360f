"""Where people keep Lambda's API keys, and which of them is taken."""

from __future__ import annotations

from pathlib import Path

import pytest

from im.domain.config.account import Account
from im.domain.errors import Refused
from im.providers import registry
from im.providers.lambda_cloud.account import endpoint, found, read, sentence, token_of, url
from im.settings import Settings

OWN = Account("default", "lambda")


def of(**words: str) -> Account:
    return read(Account("lab", "lambda", words))


@pytest.fixture
def skypilot(tmp_path: Path) -> dict[str, str]:
    """The environment of somebody who uses SkyPilot."""
    folder = tmp_path / ".lambda_cloud"
    folder.mkdir()
    (folder / "lambda_keys").write_text("# mine\napi_key = secret_sky_1\n")
    return {"HOME": str(tmp_path)}


def test_the_first_that_is_there_is_taken(skypilot: dict[str, str]) -> None:
    assert token_of(OWN, skypilot) == "secret_sky_1"
    assert token_of(OWN, {**skypilot, "LAMBDA_API_TOKEN": "late", "LAMBDA_CLOUD_TOKEN": "sooner"}) == "sooner"
    assert token_of(OWN, {**skypilot, "LAMBDA_API_KEY": " key \n", "LAMBDA_CLOUD_TOKEN": "t"}) == "key"
    assert token_of(OWN, {"HOME": "/nonexistent"}) == ""


def test_an_account_says_where_its_own_is(skypilot: dict[str, str], tmp_path: Path) -> None:
    assert token_of(of(token_env="LAB"), {**skypilot, "LAB": "of-lab", "LAMBDA_API_KEY": "usual"}) == "of-lab"
    assert token_of(of(token_env="LAB"), {**skypilot, "LAMBDA_API_KEY": "usual"}) == ""
    assert token_of(of(token="t"), {}) == "t"
    (tmp_path / "plain").write_text("alone\n")
    assert token_of(of(token_file=str(tmp_path / "plain")), {}) == "alone"
    assert token_of(of(token_file=str(tmp_path / ".lambda_cloud" / "lambda_keys")), {}) == "secret_sky_1"
    with pytest.raises(Refused, match="cannot be read"):
        token_of(of(token_file=str(tmp_path / "none")), {})
    for words in ({"token_envs": "x"}, {"token": "t", "token_env": "x"}):
        with pytest.raises(Refused):
            of(**words)


def test_what_is_said_of_it_holds_no_key(skypilot: dict[str, str]) -> None:
    assert found({"LAMBDA_API_KEY": "key"}) == "the API key in LAMBDA_API_KEY"
    assert found(skypilot) == "the API key in ~/.lambda_cloud/lambda_keys"
    assert found({"HOME": "/nonexistent"}) == ""
    assert sentence(of(token="secret_1")) == "an API key of its own"
    assert sentence(of(token_env="LAB")) == "the API key in LAB"


@pytest.mark.parametrize("said", ["https://cloud.example", "https://cloud.example/", "https://cloud.example/api/v1"])
def test_the_address_is_taken_with_its_version_and_without(said: str) -> None:
    assert url({"LAMBDA_CLOUD_BASE_URL": said}) == "https://cloud.example"
    assert endpoint({}) == "the real Lambda"


def test_lambdalabs_is_lambda_wherever_a_cloud_is_named(tmp_path: Path) -> None:
    env = {"HOME": str(tmp_path), "IM_HOME": str(tmp_path)}
    assert Settings.from_env({**env, "IM_PROVIDER": "lambdalabs"}).provider == "lambda"
    settings = Settings.from_env({**env, "IM_ACCOUNTS": "lab=provider=lambda-labs;token_env=LAB"})
    assert settings.place_of("lambdalabs", "lab") == ("lambda", "lab")
    assert "lambda" in registry.names()
