"""Whose credentials are taken, and which endpoint is asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from im.providers.aws.provider import AwsProvider
from im.providers.contract import merge_pages
from im.providers.errors import (
    Unauthenticated,
)
from im.settings import Settings
from tests.machines import machines
from tests.providers.aws.canned import CannedCloud, described, machine
from tests.providers.aws.wire.calls import SCOPE, A, launch_error
from tests.providers.clouds import DEPLOYMENT


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """An environment in which boto3 finds no credentials of anybody."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    return monkeypatch


def test_outside_the_sandbox_boto3s_own_environment_counts(cloud: CannedCloud, bare: pytest.MonkeyPatch) -> None:
    bare.setenv("AWS_ENDPOINT_URL", cloud.url)
    bare.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
    bare.setenv("AWS_SECRET_ACCESS_KEY", "not-really")
    cloud.will("DescribeInstances", described(machine(A)))
    assert merge_pages(AwsProvider(Settings(), DEPLOYMENT).list(SCOPE)).complete
    assert "Credential=AKIAIOSFODNN7EXAMPLE/" in cloud.signed[0]


def test_without_credentials_nothing_is_asked(cloud: CannedCloud, bare: pytest.MonkeyPatch) -> None:
    bare.setenv("AWS_ENDPOINT_URL", cloud.url)
    alone = AwsProvider(Settings(), DEPLOYMENT)
    assert isinstance(launch_error(alone), Unauthenticated)
    assert isinstance(alone.stop(SCOPE, machines([A])).failed[A], Unauthenticated)
    assert all("AWS_ACCESS_KEY_ID" in one.fix for one in alone.checks(SCOPE))
    assert cloud.seen == []


def test_a_profile_that_does_not_exist_is_said(bare: pytest.MonkeyPatch) -> None:
    bare.setenv("AWS_PROFILE", "nowhere")
    error = launch_error(AwsProvider(Settings(), DEPLOYMENT))
    assert isinstance(error, Unauthenticated)
    assert "nowhere" in error.message
