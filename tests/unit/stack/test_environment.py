"""What the stack's processes may see."""

from __future__ import annotations

from pathlib import Path

import pytest

from im.providers.aws.account import found as credentials_of
from im.stack.environment import bare_environment, child_environment

CALLER = {
    "PATH": "/bin",
    "AWS_ACCESS_KEY_ID": "AKIAREALREALREAL1234",
    "AWS_SECRET_ACCESS_KEY": "real-secret",
    "AWS_SESSION_TOKEN": "real-token",
    "AWS_PROFILE": "real-profile",
    "AWS_ENDPOINT_URL_EC2": "https://real.invalid",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://169.254.170.2/real",
    "BOTO_CONFIG": "/real/boto.cfg",
    "AWS_REGION": "eu-west-1",
    "IM_DATABASE_URL": "postgresql://real.invalid/real",
    "IM_BATCH": "7",
    "FLOWER_ADDRESS": "10.0.0.1",
    "NO_PROXY": "intranet",
}
OURS = {"IM_DATABASE_URL": "postgresql+psycopg2://im@/im_sandbox?host=/x", "IM_STACK": "identity"}


def test_a_sandbox_keeps_the_region_and_nothing_else_of_aws() -> None:
    seen = child_environment(CALLER, "sandbox", OURS)
    assert not [value for value in seen.values() if "real" in value.lower()]
    assert seen["AWS_REGION"] == "eu-west-1"
    assert (seen["AWS_ACCESS_KEY_ID"], seen["AWS_SHARED_CREDENTIALS_FILE"]) == ("sandbox", "/dev/null")
    assert seen["AWS_EC2_METADATA_DISABLED"] == "true"


def test_a_real_cloud_gets_the_callers_own() -> None:
    seen = child_environment(CALLER, "aws", OURS)
    assert {k: v for k, v in CALLER.items() if k.startswith("AWS_")}.items() <= seen.items()
    assert "AWS_CONFIG_FILE" not in seen


@pytest.mark.parametrize("cloud", ["sandbox", "aws"])
def test_the_stacks_own_addresses_win_and_the_callers_tuning_stays(cloud: str) -> None:
    seen = child_environment(CALLER, cloud, OURS)
    assert seen["IM_DATABASE_URL"] == OURS["IM_DATABASE_URL"]
    assert seen["IM_BATCH"] == "7"
    assert "FLOWER_ADDRESS" not in seen
    assert seen["NO_PROXY"] == "intranet,127.0.0.1,localhost"


def test_postgres_and_valkey_see_nothing_of_the_callers() -> None:
    assert set(bare_environment("identity")) == {"PATH", "LC_ALL", "IM_STACK"}


def test_credentials_are_named_without_being_told(tmp_path: Path) -> None:
    told = credentials_of(CALLER)
    assert told == "the access key …1234"
    assert credentials_of({"AWS_PROFILE": "work"}) == "the profile work"
    assert credentials_of({"AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none")}) == ""
    (tmp_path / "some").write_text("[default]\n")
    assert str(tmp_path / "some") in credentials_of({"AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "some")})
