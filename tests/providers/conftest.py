from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from im.providers.aws.api.clients import Clients
from im.settings import Settings
from im.standins.grpc_service import serving_grpc
from im.standins.service import serving
from tests.providers.azure_room import AzureRoom
from tests.providers.azure_room import azure as azure_stand_in
from tests.providers.clouds import REGION, AwsRoom, FakeRoom, Room, SteppedClock, moto_server, reset
from tests.providers.crusoe.room import CrusoeRoom
from tests.providers.crusoe.room import crusoe as crusoe_stand_in
from tests.providers.digitalocean_room import DigitalOceanRoom
from tests.providers.digitalocean_room import digitalocean as digitalocean_stand_in
from tests.providers.gcp.room import GcpRoom
from tests.providers.gcp.room import gcp as gcp_stand_in
from tests.providers.hetzner_room import HetznerRoom
from tests.providers.hetzner_room import hetzner as stand_in
from tests.providers.kubernetes.room import KubernetesRoom
from tests.providers.kubernetes.room import kubernetes as kubernetes_stand_in
from tests.providers.lambda_cloud.room import LambdaRoom
from tests.providers.lambda_cloud.room import lambda_cloud as lambda_stand_in
from tests.providers.nebius.room import NebiusRoom
from tests.providers.nebius.room import nebius as nebius_stand_in
from tests.providers.runpod.room import RunPodRoom
from tests.providers.runpod.room import runpod as runpod_stand_in
from tests.providers.standin_room import StandInRoom
from tests.providers.vast.room import VastRoom
from tests.providers.vast.room import vast as vast_stand_in
from tests.standin.server import StandIn


@pytest.fixture(scope="session")
def moto_url() -> Iterator[str]:
    with moto_server() as url:
        yield url


@pytest.fixture(scope="session")
def moto_clients(moto_url: str) -> Clients:
    """Ours, shared, because making a client takes longer than anything asked of it."""
    return Clients(Settings(sandbox_url=moto_url))


@pytest.fixture(scope="session")
def moto_raw(moto_url: str) -> Any:
    """The hand that reaches around us."""
    return boto3.client("ec2", REGION, endpoint_url=moto_url, aws_access_key_id="t", aws_secret_access_key="t")


@pytest.fixture
def aws(moto_url: str, moto_clients: Clients, moto_raw: Any) -> AwsRoom:
    reset(moto_url)
    return AwsRoom(moto_url, moto_clients, moto_raw)


@pytest.fixture
def fake() -> FakeRoom:
    return FakeRoom()


@pytest.fixture(scope="session")
def stepped() -> Iterator[StandIn]:
    """The stand-in with a clock that only tests move."""
    with StandIn(start=1_893_456_000) as running:
        yield running


@pytest.fixture(scope="session")
def stepped_clients(stepped: StandIn) -> Clients:
    return Clients(Settings(sandbox_url=stepped.url))


@pytest.fixture(scope="session")
def stepped_raw(stepped: StandIn) -> Any:
    return boto3.client("ec2", REGION, endpoint_url=stepped.url, aws_access_key_id="t", aws_secret_access_key="t")


@pytest.fixture
def standin(stepped: StandIn, stepped_clients: Clients, stepped_raw: Any) -> StandInRoom:
    stepped.control.reset()
    return StandInRoom(stepped.url, stepped_clients, stepped_raw, stepped.control)


@pytest.fixture
def azure() -> Iterator[AzureRoom]:
    clock = SteppedClock()
    cloud = azure_stand_in(clock)
    with serving(cloud) as url:
        yield AzureRoom(cloud, clock, url)


@pytest.fixture
def crusoe() -> Iterator[CrusoeRoom]:
    clock = SteppedClock()
    cloud = crusoe_stand_in(clock)
    with serving(cloud) as url:
        yield CrusoeRoom(cloud, clock, url)


@pytest.fixture
def digitalocean() -> Iterator[DigitalOceanRoom]:
    clock = SteppedClock()
    cloud = digitalocean_stand_in(clock)
    with serving(cloud) as url:
        yield DigitalOceanRoom(cloud, clock, url)


@pytest.fixture
def gcp() -> Iterator[GcpRoom]:
    clock = SteppedClock()
    cloud = gcp_stand_in(clock)
    with serving(cloud) as url:
        yield GcpRoom(cloud, clock, url)


@pytest.fixture
def hetzner() -> Iterator[HetznerRoom]:
    clock = SteppedClock()
    cloud = stand_in(clock)
    with serving(cloud) as url:
        yield HetznerRoom(cloud, clock, url)


@pytest.fixture
def kubernetes() -> Iterator[KubernetesRoom]:
    clock = SteppedClock()
    cloud = kubernetes_stand_in(clock)
    with serving(cloud) as url:
        yield KubernetesRoom(cloud, clock, url)


@pytest.fixture(name="lambda")
def lambda_cloud() -> Iterator[LambdaRoom]:
    clock = SteppedClock()
    cloud = lambda_stand_in(clock)
    with serving(cloud) as url:
        yield LambdaRoom(cloud, clock, url)


@pytest.fixture
def nebius() -> Iterator[NebiusRoom]:
    clock = SteppedClock()
    cloud = nebius_stand_in(clock)
    with serving_grpc(cloud) as url:
        yield NebiusRoom(cloud, clock, url)


@pytest.fixture
def runpod() -> Iterator[RunPodRoom]:
    clock = SteppedClock()
    cloud = runpod_stand_in(clock)
    with serving(cloud) as url:
        yield RunPodRoom(cloud, clock, url)


@pytest.fixture
def vast() -> Iterator[VastRoom]:
    clock = SteppedClock()
    cloud = vast_stand_in(clock)
    with serving(cloud) as url:
        yield VastRoom(cloud, clock, url)


@pytest.fixture(
    params=[
        "fake",
        "standin",
        "azure",
        "crusoe",
        "digitalocean",
        "gcp",
        "hetzner",
        "kubernetes",
        "lambda",
        "nebius",
        "runpod",
    ]
)
def room(request: pytest.FixtureRequest) -> Room:
    found: Room = request.getfixturevalue(request.param)
    return found
