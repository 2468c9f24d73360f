"""Accounts by name: how they are declared, what is refused, and that nothing secret is shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from im.domain.config.account import Account, declared
from im.domain.errors import Refused
from im.providers import registry
from im.providers.aws import account as aws
from im.services.health import doctor_cloud
from im.settings import Settings

ROLE = "arn:aws:iam::111122223333:role/im"


def read(given: object) -> tuple[Account, ...]:
    return registry.read_accounts(declared(given, "aws"), {})


def test_the_environment_and_the_file_declare_the_same(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text(
        f'[accounts.dev]\nprofile = "laptop"\n[accounts.prod]\nrole = "{ROLE}"\nexternal_id = "x:1"\nprofile = "base"\n'
    )
    from_file = Settings.from_env({"HOME": str(tmp_path), "IM_CONFIG": str(config)})
    told = f"dev=laptop, prod={ROLE};external_id=x:1;profile=base"
    from_env = Settings.from_env({"HOME": str(tmp_path), "IM_ACCOUNTS": told})
    assert from_file.accounts == from_env.accounts
    prod = Account("prod", "aws", {"role": ROLE, "external_id": "x:1", "profile": "base"})
    assert from_file.accounts == (Account("dev", "aws", {"profile": "laptop"}), prod)
    assert from_file.account_names == ("default", "dev", "prod")
    assert aws.number_of(from_file.account_called("prod", "aws")) == "111122223333"


def test_an_external_id_is_never_shown(tmp_path: Path) -> None:
    settings = Settings.from_env({"HOME": str(tmp_path), "IM_ACCOUNTS": f"prod={ROLE};external_id=hush-hush"})
    (prod,) = settings.accounts
    assert "hush-hush" not in repr(settings) + str(settings.accounts) + str(prod) + registry.reached_by(prod)
    assert aws.external_id(prod) == "hush-hush"


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("prod", "'prod' declares no account"),
        ("prod=", "declares no account"),
        ("Prod=x", "'Prod' is no name for an account"),
        ("prod=a,prod=b", "the account prod is declared twice"),
        ("prod=arn:aws:iam::1:role/im", "the role of the account prod is no role's ARN"),
        ("prod=arn:aws:iam::111122223333:user/im", "the role of the account prod is no role's ARN"),
        (f"prod={ROLE};external-id=x:1", "unknown word 'external-id'"),
        (f"prod={ROLE};external_id=x y", "the external id of the account prod is none"),
        ("prod=base;external_id=x:1", "has an external id and no role"),
        ({"prod": "base"}, "the account prod is not a table of words"),
        (["prod"], "accounts are declared as tables"),
    ],
)
def test_what_declares_nothing_is_refused_by_name(given: object, says: str) -> None:
    with pytest.raises(Refused, match=says) as refused:
        read(given)
    assert refused.value.hint


def test_a_near_word_is_offered() -> None:
    with pytest.raises(Refused) as refused:
        read(f"prod={ROLE};external-id=x:1")
    assert refused.value.hint == "did you mean external_id?"


class TestAskedFor:
    settings = Settings(accounts=(Account("prod", "aws"), Account("staging", "aws")))

    def test_a_typo_gets_the_near_name_and_the_list(self) -> None:
        with pytest.raises(Refused, match="there is no account 'prdo'") as refused:
            self.settings.place_of(None, "prdo")
        assert refused.value.hint == "did you mean prod?  declared here: default, prod, staging"

    def test_what_is_near_nothing_gets_the_list_and_where_to_declare(self) -> None:
        with pytest.raises(Refused) as refused:
            self.settings.place_of(None, "xyz")
        expected = "declared here: default, prod, staging; others go under [accounts] in the config file"
        assert refused.value.hint == expected

    def test_a_worker_takes_any_name_for_the_only_account_there_is(self) -> None:
        before = "as-it-was-called-before"
        assert Settings().account_called(before, "aws") == Account(before, "aws")
        assert self.settings.account_called(before, "hetzner") == Account(before, "hetzner")
        with pytest.raises(Refused):
            self.settings.account_called(before, "aws")


LAB = {"lab": {"provider": "hetzner", "token": "hush-hush"}}


class TestSeveralClouds:
    settings = Settings(accounts=read({**LAB, "prod": {"role": ROLE}}))

    def test_each_understands_its_own_words(self) -> None:
        with pytest.raises(Refused, match="unknown word 'role'") as refused:
            read({"lab": {"provider": "hetzner", "role": ROLE}})
        assert refused.value.hint == "known for hetzner: token_env, token_file, context, token"
        with pytest.raises(Refused, match="the account lab has a value without a word, which hetzner does not know"):
            read("lab=provider=hetzner;secret-token")
        with pytest.raises(Refused, match="known but not available"):
            read({"lab": {"provider": "hyperstack"}})
        with pytest.raises(Refused, match="token and context"):
            read({"lab": {"provider": "hetzner", "token": "a", "context": "b"}})

    def test_a_token_is_never_shown(self) -> None:
        (lab,) = read(LAB)
        assert "hush" not in repr(self.settings) + str(lab) + repr(lab) + registry.reached_by(lab)

    @pytest.mark.parametrize(
        ("provider", "account", "place"),
        [
            (None, None, ("aws", "default")),
            ("hetzner", None, ("hetzner", "default")),
            (None, "lab", ("hetzner", "lab")),
            (None, "prod", ("aws", "prod")),
            ("hetzner", "lab", ("hetzner", "lab")),
            ("hetzner", "default", ("hetzner", "default")),
        ],
    )
    def test_what_is_said_names_a_place(
        self, provider: str | None, account: str | None, place: tuple[str, str]
    ) -> None:
        assert self.settings.place_of(provider, account) == place

    def test_an_account_of_another_cloud_is_refused(self) -> None:
        with pytest.raises(Refused, match="lab is an account of hetzner") as refused:
            self.settings.place_of("aws", "lab")
        assert refused.value.hint == "leave --provider aws out, or name another"

    def test_the_usual_account_may_be_of_another_cloud(self) -> None:
        settings = Settings(account="lab", accounts=self.settings.accounts)
        assert settings.place_of(None, None) == ("aws", "prod")
        assert settings.place_of("hetzner", None) == ("hetzner", "lab")
        with pytest.raises(Refused, match="none of aws is declared"):
            Settings(account="lab", accounts=read(LAB)).place_of("aws", None)


def reached(settings: Settings) -> dict[tuple[str, str], str]:
    """(cloud, account) → what `im doctor` calls it."""
    scopes = [scope for scope, _ in doctor_cloud.accounts(settings)]
    return {(one.provider, one.account): doctor_cloud._label(one, scopes) for one in scopes}


def test_doctor_asks_every_cloud_that_is_pretended() -> None:
    url = "http://sandbox:s@127.0.0.1:9"
    settings = Settings(sandbox_url=f"aws={url},hetzner={url}", account="sandbox")
    assert reached(settings) == {("aws", "sandbox"): "cloud", ("hetzner", "sandbox"): "hetzner"}
    assert reached(Settings(sandbox_url=url)) == {("aws", "default"): "cloud"}


def test_doctor_asks_a_cloud_whose_credentials_lie_here_and_says_which(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/nonexistent")
    monkeypatch.delenv("HCLOUD_TOKEN", raising=False)
    assert reached(Settings()) == {("aws", "default"): "cloud"}
    monkeypatch.setenv("HCLOUD_TOKEN", "hush-hush")
    assert reached(Settings()) == {("aws", "default"): "cloud", ("hetzner", "default"): "hetzner"}
    scopes = [scope for scope, _ in doctor_cloud.accounts(Settings())]
    told = {check.name: check.detail for check in doctor_cloud.reached_by(Settings(), scopes)}
    assert told == {
        "cloud, credentials": "the workers' own credentials",
        "hetzner, credentials": "HCLOUD_TOKEN, or the hcloud tool's context",
    }


def test_accounts_of_one_cloud_are_told_apart_by_their_names() -> None:
    settings = Settings(accounts=read({**LAB, "prod": {"role": ROLE}}))
    assert reached(settings) == {("aws", "default"): "default", ("hetzner", "lab"): "hetzner", ("aws", "prod"): "prod"}
