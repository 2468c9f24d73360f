"""Nebius' own client, unmodified, drives our stand-in: a second opinion on what it pretends to be."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from nebius.aio.service_error import RequestError
from nebius.api.nebius.billing.v1alpha1 import CalculatorServiceClient, EstimateRequest, ResourceSpec
from nebius.api.nebius.common.v1 import GetByNameRequest, ResourceMetadata
from nebius.api.nebius.compute.v1 import (
    AttachedDiskSpec,
    CreateInstanceRequest,
    DeleteInstanceRequest,
    DiskServiceClient,
    DiskSpec,
    GetInstanceRequest,
    InstanceServiceClient,
    InstanceSpec,
    ListDisksRequest,
    ListInstancesRequest,
    ManagedDisk,
    NetworkInterfaceSpec,
    PublicIPAddress,
    ResourcesSpec,
    SourceImageFamily,
    StopInstanceRequest,
)
from nebius.api.nebius.iam.v1 import GetProjectRequest, ProjectServiceClient
from nebius.api.nebius.vpc.v1 import ListSubnetsRequest, SubnetServiceClient
from nebius.base.options import INSECURE
from nebius.base.resolver import Constant
from nebius.base.service_account.service_account import ServiceAccount
from nebius.base.service_account.static import Reader
from nebius.sdk import SDK

from im.standins.grpc_service import serving_grpc
from im.standins.nebius import Nebius

PROJECT = "project-e00acme"
PATIENCE: dict[str, Any] = {"timeout": 20.0, "per_retry_timeout": 8.0, "retries": 0}


class Clock:
    now = datetime(2030, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def cloud(clock: Clock) -> Nebius:
    return Nebius("secret", clock, timedelta(seconds=5))


@pytest.fixture
def address(cloud: Nebius) -> Iterator[str]:
    with serving_grpc(cloud) as url:
        yield url.partition("://")[2]


def wanted(name: str, subnet: str) -> CreateInstanceRequest:
    image = SourceImageFamily(image_family="ubuntu24.04-driverless")
    disk = DiskSpec(size_gibibytes=93, type=DiskSpec.DiskType.NETWORK_SSD, source_image_family=image)
    spec = InstanceSpec(
        resources=ResourcesSpec(platform="cpu-d3", preset="4vcpu-16gb"),
        boot_disk=AttachedDiskSpec(
            attach_mode=AttachedDiskSpec.AttachMode.READ_WRITE, managed_disk=ManagedDisk(name=name, spec=disk)
        ),
        network_interfaces=[NetworkInterfaceSpec(name="eth0", subnet_id=subnet, public_ip_address=PublicIPAddress())],
    )
    return CreateInstanceRequest(metadata=ResourceMetadata(parent_id=PROJECT, name=name), spec=spec)


def test_a_machine_lives_and_dies_by_the_client(cloud: Nebius, clock: Clock, address: str) -> None:
    """A service account's key is changed for a token first, by the client itself."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    forms = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    cloud.public_keys["publickey-1"] = (key.public_key().public_bytes(*forms).decode(), "acme")

    async def road() -> None:
        known = Reader(ServiceAccount(key, "publickey-1", "serviceaccount-1"))
        async with SDK(
            resolver=Constant(address), options=[(INSECURE, True)], credentials=known, user_agent_prefix="im/1"
        ) as sdk:
            await _lives(sdk, cloud, clock)

    asyncio.run(road())
    tenant = cloud.tenant("acme")
    assert (tenant.machines, tenant.disks, len(tenant.ever)) == ({}, {}, 1)


async def _lives(sdk: SDK, cloud: Nebius, clock: Clock) -> None:
    project = await ProjectServiceClient(sdk).get(GetProjectRequest(id=PROJECT), **PATIENCE)
    assert project.status.region == "eu-north1"
    (subnet,) = (await SubnetServiceClient(sdk).list(ListSubnetsRequest(parent_id=PROJECT), **PATIENCE)).items
    instances = InstanceServiceClient(sdk)
    made = await instances.create(wanted("web", subnet.metadata.id), **PATIENCE)
    assert made.resource_id.startswith("computeinstance-e00")
    with pytest.raises(RequestError) as taken:
        await instances.create(wanted("web", subnet.metadata.id), **PATIENCE)
    assert [one.details.field for one in taken.value.status.service_errors] == ["resource_already_exists"]
    clock.now += timedelta(seconds=10)
    seen = await instances.get(GetInstanceRequest(id=made.resource_id), **PATIENCE)
    assert (seen.status.state.name, seen.spec.resources.preset) == ("RUNNING", "4vcpu-16gb")
    named = await instances.get_by_name(GetByNameRequest(parent_id=PROJECT, name="web"), **PATIENCE)
    assert named.metadata.id == made.resource_id
    (disk,) = (await DiskServiceClient(sdk).list(ListDisksRequest(parent_id=PROJECT), **PATIENCE)).items
    assert (disk.status.managed_by, disk.spec.size_gibibytes) == (made.resource_id, 93)
    spec = ResourceSpec(compute_instance_spec=wanted("price", subnet.metadata.id))
    price = await CalculatorServiceClient(sdk).estimate(EstimateRequest(resource_spec=spec), **PATIENCE)
    assert price.hourly_cost.general is not None
    assert price.hourly_cost.general.total.cost == "0.0992"
    await instances.stop(StopInstanceRequest(id=made.resource_id), **PATIENCE)
    with pytest.raises(RequestError) as busy:
        await instances.delete(DeleteInstanceRequest(id=made.resource_id), **PATIENCE)
    assert [one.details.field for one in busy.value.status.service_errors] == ["operation_conflict"]
    clock.now += timedelta(seconds=10)
    listed = await instances.list(ListInstancesRequest(parent_id=PROJECT, page_size=1), **PATIENCE)
    assert [(one.status.state.name, one.spec.stopped) for one in listed.items] == [("STOPPED", True)]
    await instances.delete(DeleteInstanceRequest(id=made.resource_id), **PATIENCE)
    clock.now += timedelta(seconds=10)
    with pytest.raises(RequestError) as gone:
        await instances.get(GetInstanceRequest(id=made.resource_id), **PATIENCE)
    assert gone.value.status.code.name == "NOT_FOUND"
