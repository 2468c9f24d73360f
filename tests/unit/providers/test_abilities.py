"""What a profile says of a cloud without asking it, and what its provider can do, are the same."""

from __future__ import annotations

import pytest

from im.providers.aws.provider import AwsProvider
from im.providers.azure.arm import Arm
from im.providers.azure.provider import AzureProvider
from im.providers.contract import Provider
from im.providers.crusoe.account import Credentials
from im.providers.crusoe.api import CrusoeApi
from im.providers.crusoe.provider import CrusoeProvider
from im.providers.digitalocean.api import DigitalOceanApi
from im.providers.digitalocean.provider import DigitalOceanProvider
from im.providers.fake.cloud import FakeCloud
from im.providers.fake.provider import FakeProvider
from im.providers.gcp.provider import connected
from im.providers.hetzner.api import HetznerApi
from im.providers.hetzner.provider import HetznerProvider
from im.providers.kubernetes.provider import connected as cluster_at
from im.providers.lambda_cloud.api import LambdaApi
from im.providers.lambda_cloud.provider import LambdaProvider
from im.providers.nebius.api import NebiusApi
from im.providers.nebius.credentials import Sandbox
from im.providers.nebius.projects import Projects
from im.providers.nebius.provider import NebiusProvider
from im.providers.runpod.api import RunPodApi
from im.providers.runpod.provider import RunPodProvider
from im.settings import Settings

AT_NEBIUS = NebiusApi(Sandbox("team.secret"), "127.0.0.1:1")
CLOUDS: dict[str, Provider] = {
    "aws": AwsProvider(Settings(), "11111111-2222-4333-8444-555555555555"),
    "azure": AzureProvider(Arm(str, str, "https://127.0.0.1:1"), "11111111-2222-4333-8444-555555555555"),
    "crusoe": CrusoeProvider(CrusoeApi(Credentials), "11111111-2222-4333-8444-555555555555"),
    "digitalocean": DigitalOceanProvider(
        DigitalOceanApi(lambda: "team.secret"), "11111111-2222-4333-8444-555555555555"
    ),
    "fake": FakeProvider(FakeCloud(), "11111111-2222-4333-8444-555555555555"),
    "gcp": connected("http://127.0.0.1:1", "project", {}, "11111111-2222-4333-8444-555555555555"),
    "hetzner": HetznerProvider(HetznerApi(lambda: "project.secret"), "11111111-2222-4333-8444-555555555555"),
    "kubernetes": cluster_at("http://127.0.0.1:1", "cluster.secret", "11111111-2222-4333-8444-555555555555"),
    "lambda": LambdaProvider(LambdaApi(lambda: "team.secret"), "11111111-2222-4333-8444-555555555555"),
    "runpod": RunPodProvider(RunPodApi(lambda: "account.secret"), "11111111-2222-4333-8444-555555555555"),
    "nebius": NebiusProvider(
        AT_NEBIUS, Projects(AT_NEBIUS, lambda: ["project-e00a"]), "11111111-2222-4333-8444-555555555555"
    ),
}


@pytest.mark.parametrize("cloud", CLOUDS)
def test_an_ability_is_promised_exactly_where_there_is_one(cloud: str) -> None:
    provider = CLOUDS[cloud]
    can = provider.capabilities
    assert can.can_spot is (provider.spot is not None)
    assert can.can_protect is (provider.protection is not None)
    assert can.can_shelve is (provider.shelving is not None)
    assert can.shelf_keeps_address is (provider.shelving is not None and provider.shelving.addresses is not None)
    assert can.native_deadline is (provider.deadline_guard is not None)
