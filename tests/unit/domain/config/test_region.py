"""Where a machine goes when nobody says where: whose word counts, in which order, and that its source is told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from im.cli.main import im
from im.domain.config.region import Region, said_by
from im.domain.errors import Refused
from im.domain.scope import Scope
from im.providers.aws.profile import PROFILE
from im.providers.request import Ask
from im.services.health import doctor_cloud
from im.settings import Settings
from tests.unit.providers.aws.test_profile import ED25519

CONFIG = """\
# a comment
[default]
region = eu-central-1
s3 =
    region = not-this-one
[profile work]
output = json
Region=eu-west-1

[profile "two words"]
region = eu-west-2
[work]
region = never-a-profile-without-the-word
[profile silent]
output = json
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "config").write_text(CONFIG)
    return tmp_path


def read(home: Path, **env: str) -> Settings:
    return Settings.from_env({"HOME": str(home), **env})


@pytest.mark.parametrize(
    ("env", "region", "said"),
    [
        ({"AWS_REGION": "eu-north-1", "AWS_DEFAULT_REGION": "sa-east-1", "AWS_PROFILE": "work"}, "eu-north-1", "AWS_REGION"),
        ({"AWS_DEFAULT_REGION": "sa-east-1", "AWS_PROFILE": "work"}, "sa-east-1", "AWS_DEFAULT_REGION"),
        ({"AWS_REGION": "", "AWS_DEFAULT_REGION": "", "AWS_PROFILE": "work"}, "eu-west-1", "the profile work in "),
        ({"AWS_PROFILE": "two words"}, "eu-west-2", "the profile two words in "),
        ({"AWS_DEFAULT_PROFILE": "work", "AWS_PROFILE": "two words"}, "eu-west-1", "the profile work in "),
        ({}, "eu-central-1", "the profile default in "),
        ({"AWS_PROFILE": "silent"}, "us-east-1", "the default: no region is named for the profile silent"),
        ({"AWS_PROFILE": "absent"}, "us-east-1", "the default: no region is named for the profile absent"),
    ],
)  # fmt: skip
def test_whose_word_counts(home: Path, env: dict[str, str], region: str, said: str) -> None:
    found = read(home, **env).region
    assert found == region
    assert said_by(found).startswith(said)


def test_the_same_region_as_boto3_reads_from_the_same_files(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import botocore.session

    monkeypatch.setenv("HOME", str(home))
    for variable in (
        "AWS_REGION",
        "AWS_DEFAULT_REGION",
        "AWS_DEFAULT_PROFILE",
        "AWS_CONFIG_FILE",
        "AWS_SHARED_CREDENTIALS_FILE",
    ):
        monkeypatch.delenv(variable, raising=False)
    (home / ".aws" / "credentials").write_text("[work]\naws_access_key_id = x\n[default]\nregion = us-west-2\n")
    for profile in ("default", "work", "two words"):
        monkeypatch.setenv("AWS_PROFILE", profile)
        assert read(home, AWS_PROFILE=profile).region == botocore.session.Session().get_config_variable("region")


def test_the_files_may_be_elsewhere(home: Path, tmp_path: Path) -> None:
    (home / "other").write_text("[profile work]\nregion = ap-south-1\n")
    found = read(home, AWS_PROFILE="work", AWS_CONFIG_FILE="~/other").region
    assert (found, said_by(found)) == ("ap-south-1", f"the profile work in {home}/other")


def test_ims_own_config_file_goes_before_a_profile_and_behind_the_environment(home: Path) -> None:
    config = home / "im.toml"
    config.write_text('region = "me-south-1"\n')
    assert said_by(read(home, IM_CONFIG=str(config)).region) == f"region in {config}"
    assert read(home, IM_CONFIG=str(config), AWS_DEFAULT_REGION="sa-east-1").region == "sa-east-1"


@pytest.mark.parametrize("written", [b"\xff\xfe\x00", b"[profile work\nregion", b"region = lonely", b""])
def test_a_file_that_cannot_be_understood_stops_nobody(home: Path, written: bytes) -> None:
    (home / ".aws" / "config").write_bytes(written)
    assert read(home, AWS_PROFILE="work").region == "us-east-1"


def test_an_accounts_own_profile_decides_for_that_account(home: Path) -> None:
    accounts = {"IM_ACCOUNTS": "prod=work, dev=silent, base=arn:aws:iam::111122223333:role/im"}
    settings = read(home, **accounts)
    found = {name: settings.region_of(name) for name in settings.account_names}
    assert found == {
        "default": "eu-central-1", "prod": "eu-west-1", "dev": "eu-central-1", "base": "eu-central-1",
    }  # fmt: skip
    assert read(home, AWS_DEFAULT_REGION="sa-east-1", **accounts).region_of("prod") == "sa-east-1", "said for all"


@pytest.mark.parametrize(
    ("said", "message", "hint"),
    [
        ("AWS_DEFAULT_REGION", "AWS_DEFAULT_REGION=eu-wst-1 is not a region", "set AWS_DEFAULT_REGION=eu-west-1"),
        ("the profile work in /c", "'eu-wst-1', which is the profile work in /c, is not a region", "write eu-west-1"),
    ],
)
def test_a_region_that_cannot_be_is_mended_where_it_was_said(said: str, message: str, hint: str) -> None:
    with pytest.raises(Refused) as caught:
        PROFILE.plan(Ask(public_key=ED25519), account="a", default_region=Region("eu-wst-1", said))
    assert caught.value.message == message
    assert caught.value.hint.startswith(hint)


def test_doctor_says_who_chose_the_region(home: Path) -> None:
    def told(**env: Any) -> list[str]:
        here = [Scope("aws", "default", "")]
        return [check.detail for check in doctor_cloud.regions(read(home, **env), here)]

    assert told(AWS_DEFAULT_REGION="eu-north-1")[0].startswith("eu-north-1 (AWS_DEFAULT_REGION)")
    assert told(AWS_PROFILE="work")[0].startswith("eu-west-1 (the profile work in ")


def test_a_rehearsal_says_where_the_region_is_from(home: Path) -> None:
    key = home / "id.pub"
    key.write_text(ED25519)
    env = {"HOME": str(home), "IM_HOME": str(home / "im"), "IM_PROVIDER": "aws", "AWS_PROFILE": "work"}
    env |= dict.fromkeys(("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_CONFIG_FILE", "IM_CONFIG", "IM_DATABASE_URL"), "")
    words = ["create", "--public-key", str(key), "--ssh-from", "none", "--dry-run"]

    def told(*more: str, **other: str) -> str:
        return CliRunner(env=env | other).invoke(im, [*words, *more]).stdout

    assert f"region        eu-west-1 (the profile work in {home}/.aws/config)" in told()
    assert "aws eu-west-1a, account" in told()
    assert "region        ap-south-1 (AWS_DEFAULT_REGION)" in told(AWS_DEFAULT_REGION="ap-south-1")
    assert "\nregion " not in told("--availability-zone", "us-west-2b"), "the zone says it"
    plan = json.loads(told("--json"))
    assert (plan["region"], plan["region_source"]) == ("eu-west-1", f"the profile work in {home}/.aws/config")
