"""Accounts by name: how they are declared, what is refused, and that nothing secret is shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from im.domain.config.account import Account, declared
from im.domain.errors import Refused
from im.settings import Settings

ROLE = "arn:aws:iam::111122223333:role/im"


def test_the_environment_and_the_file_declare_the_same(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text(
        f'[accounts.dev]\nprofile = "laptop"\n[accounts.prod]\nrole = "{ROLE}"\nexternal_id = "x:1"\nprofile = "base"\n'
    )
    from_file = Settings.from_env({"HOME": str(tmp_path), "IM_CONFIG": str(config)})
    told = f"dev=laptop, prod={ROLE};external_id=x:1;profile=base"
    from_env = Settings.from_env({"HOME": str(tmp_path), "IM_ACCOUNTS": told})
    assert from_file.accounts == from_env.accounts
    assert from_file.accounts == (Account("dev", "laptop"), Account("prod", "base", ROLE, "x:1"))
    assert from_file.account_names == ("default", "dev", "prod")
    assert from_file.account_called("prod").role_account == "111122223333"


def test_an_external_id_is_never_shown(tmp_path: Path) -> None:
    settings = Settings.from_env({"HOME": str(tmp_path), "IM_ACCOUNTS": f"prod={ROLE};external_id=hush-hush"})
    assert "hush-hush" not in repr(settings) + str(settings.accounts) + settings.accounts[0].sentence
    assert settings.accounts[0].external_id == "hush-hush"


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
        declared(given)
    assert refused.value.hint


def test_a_near_word_is_offered() -> None:
    with pytest.raises(Refused) as refused:
        declared(f"prod={ROLE};external-id=x:1")
    assert refused.value.hint == "did you mean external_id?"


class TestAskedFor:
    settings = Settings(accounts=(Account("prod"), Account("staging")))

    def test_a_typo_gets_the_near_name_and_the_list(self) -> None:
        with pytest.raises(Refused, match="there is no account 'prdo'") as refused:
            self.settings.check_account("prdo")
        assert refused.value.hint == "did you mean prod?  declared here: default, prod, staging"

    def test_what_is_near_nothing_gets_the_list_and_where_to_declare(self) -> None:
        with pytest.raises(Refused) as refused:
            self.settings.check_account("xyz")
        expected = "declared here: default, prod, staging; others go under [accounts] in the config file"
        assert refused.value.hint == expected

    def test_a_worker_takes_any_name_for_the_only_account_there_is(self) -> None:
        assert Settings().account_called("as-it-was-called-before") == Account("as-it-was-called-before")
        with pytest.raises(Refused):
            self.settings.account_called("as-it-was-called-before")
