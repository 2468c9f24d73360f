"""A cloud that answers what a test puts down, and our adapter before it, through the real boto3."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from im.providers.aws.api.clients import Clients
from im.providers.aws.provider import AwsProvider
from im.settings import Settings
from tests.providers.aws.canned import CannedCloud, canned_cloud
from tests.providers.clouds import DEPLOYMENT


@pytest.fixture(scope="module")
def server() -> Iterator[CannedCloud]:
    with canned_cloud() as canned:
        yield canned


@pytest.fixture(scope="module")
def clients(server: CannedCloud) -> Clients:
    """Shared, because making a client takes longer than anything asked of it."""
    return Clients(Settings(sandbox_url=server.url))


@pytest.fixture
def cloud(server: CannedCloud) -> CannedCloud:
    server.forget()
    return server


@pytest.fixture
def aws(cloud: CannedCloud, clients: Clients, monkeypatch: pytest.MonkeyPatch) -> AwsProvider:
    # botocore pauses between its own attempts; how often it tries is under test, not how long it waits
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0)
    return AwsProvider(Settings(sandbox_url=cloud.url), DEPLOYMENT, clients)
