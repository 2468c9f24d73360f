"""Azure's own clients, unmodified, drive our stand-in: a second opinion on what it pretends to be."""

from __future__ import annotations

import base64
import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from azure.core import MatchConditions
from azure.core.credentials import AccessToken
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.core.pipeline.policies import SansIOHTTPPolicy
from azure.mgmt.compute import ComputeManagementClient
from azure.mgmt.network import NetworkManagementClient

from im.standins.azure import Azure
from im.standins.service import serving

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEaKkqMYwAvYSRyBEXzNaFVtB9sjLgKmQJfTcsfZzZ0R me"
PLACE = "westeurope"


class Bearer(SansIOHTTPPolicy[Any, Any]):
    """The token that the stand-in wants; Azure's own policy gives none over plain HTTP."""

    def on_request(self, request: Any) -> None:
        request.http_request.headers["Authorization"] = "Bearer team.secret"


class Credential:
    def get_token(self, *scopes: str, **more: Any) -> AccessToken:
        return AccessToken("team.secret", int(time.time()) + 3600)


@pytest.fixture
def cloud() -> Azure:
    return Azure("secret", takes=timedelta(milliseconds=30))


@pytest.fixture
def url(cloud: Azure) -> Iterator[str]:
    with serving(cloud) as address:
        yield address


@pytest.fixture
def compute(cloud: Azure, url: str) -> Iterator[ComputeManagementClient]:
    number = cloud.subscription("team").id
    how = {"base_url": url, "authentication_policy": Bearer(), "polling_interval": 0, "retry_total": 0}
    with ComputeManagementClient(Credential(), number, **how) as client:
        yield client


@pytest.fixture
def network(cloud: Azure, url: str) -> Iterator[NetworkManagementClient]:
    number = cloud.subscription("team").id
    how = {"base_url": url, "authentication_policy": Bearer(), "polling_interval": 0, "retry_total": 0}
    with NetworkManagementClient(Credential(), number, **how) as client:
        yield client


@pytest.fixture
def ground(cloud: Azure, network: NetworkManagementClient) -> tuple[str, str]:
    """(subnet, rules) of a group `g`, by their ids."""
    cloud.subscription("team").groups["g"] = {"name": "g", "location": PLACE, "tags": {}}
    subnet = {"name": "s", "properties": {"addressPrefix": "10.0.0.0/16"}}
    space = {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}, "subnets": [subnet]}
    made = network.virtual_networks.begin_create_or_update(
        "g", "net", {"location": PLACE, "properties": space}
    ).result()
    rule = {
        "name": "ssh",
        "properties": {
            "priority": 100, "direction": "Inbound", "access": "Allow", "protocol": "Tcp", "sourceAddressPrefix": "203.0.113.7/32",
            "sourcePortRange": "*", "destinationAddressPrefix": "*", "destinationPortRange": "22",
        },
    }  # fmt: skip
    rules = network.network_security_groups.begin_create_or_update(
        "g", "rules", {"location": PLACE, "properties": {"securityRules": [rule]}}
    ).result()
    assert made.subnets
    return str(made.subnets[0].id), str(rules.id)


def wanted(ground: tuple[str, str], name: str, **more: Any) -> dict[str, Any]:
    subnet, rules = ground
    address = {"name": f"{name}-ip", "sku": {"name": "Standard"}, "properties": {"deleteOption": "Delete"}}
    ip = {
        "name": "ip",
        "properties": {"primary": True, "subnet": {"id": subnet}, "publicIPAddressConfiguration": address},
    }
    nic = {"primary": True, "deleteOption": "Delete", "networkSecurityGroup": {"id": rules}, "ipConfigurations": [ip]}
    path = "/home/me/.ssh/authorized_keys"
    properties = {
        "hardwareProfile": {"vmSize": "Standard_D2as_v5"},
        "storageProfile": {
            "imageReference": {"publisher": "Canonical", "offer": "ubuntu-24_04-lts", "sku": "server", "version": "latest"},
            "osDisk": {"name": f"{name}-os", "createOption": "FromImage", "deleteOption": "Delete"},
        },
        "osProfile": {
            "computerName": name, "adminUsername": "me", "customData": base64.b64encode(b"#!/bin/sh\n").decode(),
            "linuxConfiguration": {"disablePasswordAuthentication": True, "ssh": {"publicKeys": [{"path": path, "keyData": KEY}]}},
        },
        "networkProfile": {
            "networkApiVersion": "2022-11-01",
            "networkInterfaceConfigurations": [{"name": f"{name}-nic", "properties": nic}],
        },
        **more,
    }  # fmt: skip
    return {"location": PLACE, "tags": {"team": "web"}, "properties": properties}


def make(compute: ComputeManagementClient, ground: tuple[str, str], name: str = "web", **more: Any) -> Any:
    return compute.virtual_machines.begin_create_or_update(
        "g", name, wanted(ground, name, **more), etag="*", match_condition=MatchConditions.IfMissing
    )


def power(compute: ComputeManagementClient, name: str = "web") -> str:
    shown = compute.virtual_machines.get("g", name, expand="instanceView")
    assert shown.instance_view
    assert shown.instance_view.statuses
    return str(shown.instance_view.statuses[-1].code)


def test_the_whole_life_of_a_machine(
    compute: ComputeManagementClient, network: NetworkManagementClient, cloud: Azure, ground: tuple[str, str]
) -> None:
    made = make(compute, ground).result()
    assert (made.provisioning_state, made.location) == ("Succeeded", PLACE)
    assert made.vm_id
    assert power(compute) == "PowerState/running"
    (nic,) = network.network_interfaces.list_all()
    assert nic.virtual_machine
    assert str(nic.virtual_machine.id).endswith("/virtualMachines/web")
    (address,) = network.public_ip_addresses.list("g")
    assert address.ip_address
    (disk,) = compute.disks.list()
    assert (disk.name, disk.disk_state) == ("web-os", "Attached")

    compute.virtual_machines.begin_power_off("g", "web").result()
    assert power(compute) == "PowerState/stopped"
    compute.virtual_machines.begin_deallocate("g", "WEB").result()
    assert power(compute) == "PowerState/deallocated"
    compute.virtual_machines.begin_start("g", "web").result()
    assert power(compute) == "PowerState/running"
    told = {one.name: one.instance_view for one in compute.virtual_machines.list_all(status_only="true")}
    assert told["web"] is not None
    with pytest.raises(HttpResponseError) as refused:
        network.network_security_groups.begin_delete("g", "rules").result()
    assert refused.value.error is not None
    assert refused.value.error.code == "InUseNetworkSecurityGroupCannotBeDeleted"

    compute.virtual_machines.begin_delete("g", "web").result()
    compute.virtual_machines.begin_delete("g", "web").result()
    with pytest.raises(ResourceNotFoundError):
        compute.virtual_machines.get("g", "web")
    left = [
        list(network.network_interfaces.list("g")),
        list(network.public_ip_addresses.list_all()),
        list(compute.disks.list()),
    ]
    assert left == [[], [], []], "all that came with it goes with it"
    network.network_security_groups.begin_delete("g", "rules").result()
    network.virtual_networks.begin_delete("g", "net").result()
    assert list(network.virtual_networks.list("g")) == []
    assert [one.status for one in cloud.books.changes("/virtualmachines/web")] == [201, 202, 204]


def test_a_name_is_given_once(compute: ComputeManagementClient, ground: tuple[str, str]) -> None:
    make(compute, ground).result()
    with pytest.raises(ResourceExistsError):
        make(compute, ground)


def test_what_was_accepted_may_fail_later_and_stays(
    compute: ComputeManagementClient, network: NetworkManagementClient, cloud: Azure, ground: tuple[str, str]
) -> None:
    cloud.subscription("team").lacking.add(("Standard_D2as_v5", PLACE))
    with pytest.raises(HttpResponseError) as refused:
        make(compute, ground).result()
    assert refused.value.error is not None
    assert (refused.value.error.code, refused.value.status_code) == ("AllocationFailed", 200)
    assert compute.virtual_machines.get("g", "web").provisioning_state == "Failed"
    assert len(list(network.network_interfaces.list_all())) == 1
    compute.virtual_machines.begin_delete("g", "web", force_deletion=True).result()
    assert list(network.network_interfaces.list_all()) == []


def test_a_quota_is_refused_at_once_under_a_code_that_means_many_things(
    compute: ComputeManagementClient, cloud: Azure, ground: tuple[str, str]
) -> None:
    cloud.subscription("team").cores = 1
    with pytest.raises(HttpResponseError, match="exceeding approved Total Regional Cores quota") as refused:
        make(compute, ground)
    assert refused.value.error is not None
    assert refused.value.error.code == "OperationNotAllowed"


def test_lists_have_pages_and_may_be_older_than_the_truth(
    compute: ComputeManagementClient, cloud: Azure, ground: tuple[str, str]
) -> None:
    subscription = cloud.subscription("team")
    subscription.page = 2
    for number in range(5):
        make(compute, ground, f"web-{number}").result()
    subscription.lag = timedelta(hours=1)
    make(compute, ground, "late").result()
    names = [one.name for one in compute.virtual_machines.list_all()]
    assert names == [f"web-{number}" for number in range(5)]
    assert [one.name for one in compute.virtual_machines.list("g")] == names
    assert compute.virtual_machines.get("g", "late").name == "late"


def test_one_machine_is_not_asked_for_too_often(compute: ComputeManagementClient, ground: tuple[str, str]) -> None:
    make(compute, ground).result()
    looks = iter(lambda: compute.virtual_machines.get("g", "web"), None)
    with pytest.raises(HttpResponseError) as refused:
        list(looks)
    assert refused.value.status_code == 429
    assert refused.value.response is not None
    assert int(refused.value.response.headers["Retry-After"]) > 0


def test_an_interface_is_kept_for_a_machine_that_could_not_be_made(
    network: NetworkManagementClient, compute: ComputeManagementClient, cloud: Azure, ground: tuple[str, str]
) -> None:
    cloud.subscription("team").lacking.add(("Standard_D2as_v5", PLACE))
    body = wanted(ground, "web")
    body["properties"]["networkProfile"]["networkInterfaceConfigurations"][0]["properties"]["deleteOption"] = "Detach"
    with pytest.raises(HttpResponseError):
        compute.virtual_machines.begin_create_or_update("g", "web", body).result()
    compute.virtual_machines.begin_delete("g", "web").result()
    (nic,) = network.network_interfaces.list_all()
    with pytest.raises(HttpResponseError) as refused:
        network.network_interfaces.begin_delete("g", str(nic.name)).result()
    assert refused.value.error is not None
    assert refused.value.error.code == "NicReservedForAnotherVm"


def test_spot_machines_are_taken_back(compute: ComputeManagementClient, ground: tuple[str, str]) -> None:
    spare = {"priority": "Spot", "evictionPolicy": "Deallocate", "billingProfile": {"maxPrice": -1}}
    made = make(compute, ground, **spare).result()
    assert (made.priority, made.eviction_policy) == ("Spot", "Deallocate")
    compute.virtual_machines.simulate_eviction("g", "web")
    assert power(compute) in ("PowerState/deallocating", "PowerState/deallocated")


def test_sizes_and_their_quota_are_read(compute: ComputeManagementClient) -> None:
    sold = {one.name: one for one in compute.resource_skus.list(filter=f"location eq '{PLACE}'")}
    assert sold["Standard_B1s"].location_info
    (usage,) = compute.usage.list(PLACE)
    assert usage.limit == 1000


def test_a_subscription_sees_nothing_of_another(compute: ComputeManagementClient, cloud: Azure, url: str) -> None:
    cloud.subscription("other")
    how = {"base_url": url, "authentication_policy": Bearer(), "polling_interval": 0, "retry_total": 0}
    with ComputeManagementClient(Credential(), cloud.subscription("other").id, **how) as other:
        with pytest.raises(HttpResponseError) as refused:
            list(other.virtual_machines.list_all())
        assert refused.value.error is not None
        assert refused.value.error.code == "SubscriptionNotFound"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"Authorization": "Bearer team.guess"}, 401),
        ({"Authorization": "Bearer team.secret", "Origin": "https://evil.example"}, 403),
        ({"Authorization": "Bearer team.secret", "Host": "evil.example"}, 403),
    ],
)
def test_no_page_and_no_stranger_is_let_in(url: str, headers: dict[str, str], status: int) -> None:
    asked = urllib.request.Request(f"{url}/subscriptions?api-version=2022-12-01", headers=headers)
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(asked)
    assert refused.value.code == status
    told = refused.value.read()
    refused.value.close()
    assert status != 401 or json.loads(told)["error"]["code"] == "InvalidAuthenticationToken"
