"""Google's own client, unmodified, drives our stand-in: a second opinion on what it pretends to be."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from google.api_core.client_options import ClientOptions
from google.api_core.exceptions import BadRequest, Conflict, Forbidden, NotFound, PreconditionFailed, ServiceUnavailable
from google.cloud import compute_v1
from google.oauth2.credentials import Credentials

from im.standins.gcp import Gcp
from im.standins.service import serving

PROJECT, ZONE, KIND = "team-1", "us-central1-a", "e2-small"


@pytest.fixture
def cloud() -> Gcp:
    return Gcp("secret", takes=timedelta(milliseconds=300))


@pytest.fixture
def url(cloud: Gcp) -> Iterator[str]:
    with serving(cloud) as address:
        yield address


class Sdk:
    """The clients, each with the stand-in's address, also for the operations that they ask after by themselves."""

    def __init__(self, url: str, project: str = PROJECT) -> None:
        self._how = {
            "credentials": Credentials(token=f"{project}.secret"),
            "client_options": ClientOptions(api_endpoint=url),
        }
        zonal, everywhere = self.of("ZoneOperationsClient"), self.of("GlobalOperationsClient")
        self.instances = self.of("InstancesClient")
        self.firewalls = self.of("FirewallsClient")
        self.disks = self.of("DisksClient")
        # without it the client polls the real compute.googleapis.com, whatever its own address is
        self.instances.transport._extended_operations_services["zone_operations"] = zonal
        self.disks.transport._extended_operations_services["zone_operations"] = zonal
        self.firewalls.transport._extended_operations_services["global_operations"] = everywhere

    def of(self, client: str) -> Any:
        return getattr(compute_v1, client)(**self._how)


@pytest.fixture
def sdk(url: str) -> Sdk:
    return Sdk(url)


def machine(name: str = "web", **more: Any) -> compute_v1.Instance:
    image = "projects/debian-cloud/global/images/family/debian-12"
    disk = compute_v1.AttachedDisk(
        boot=True,
        auto_delete=True,
        initialize_params=compute_v1.AttachedDiskInitializeParams(source_image=image, disk_size_gb=20),
    )
    net = compute_v1.NetworkInterface(
        network="global/networks/default", access_configs=[compute_v1.AccessConfig(name="External NAT")]
    )
    kind = f"zones/{ZONE}/machineTypes/{KIND}"
    return compute_v1.Instance(name=name, machine_type=kind, disks=[disk], network_interfaces=[net], **more)


def insert(sdk: Sdk, name: str = "web", **more: Any) -> Any:
    return sdk.instances.insert(project=PROJECT, zone=ZONE, instance_resource=machine(name, **more))


def protect(sdk: Sdk, number: str, *, on: bool) -> None:
    where = {"project": PROJECT, "zone": ZONE, "resource": number}
    asked = compute_v1.SetDeletionProtectionInstanceRequest(**where, deletion_protection=on)
    sdk.instances.set_deletion_protection(asked).result()


def test_the_whole_life_of_a_machine(sdk: Sdk, cloud: Gcp) -> None:
    insert(sdk, labels={"im-deployment": "d"}).result()
    where = {"project": PROJECT, "zone": ZONE}
    made = sdk.instances.get(**where, instance="web")
    assert (made.status, made.labels["im-deployment"]) == ("RUNNING", "d")
    assert made.network_interfaces[0].access_configs[0].nat_i_p
    number = str(made.id)
    assert sdk.instances.get(**where, instance=number).name == "web", "by number as well"

    sdk.instances.stop(**where, instance=number).result()
    assert sdk.instances.get(**where, instance=number).status == "TERMINATED", "which is stopped, at Google"
    sdk.instances.start(**where, instance=number).result()
    assert sdk.instances.get(**where, instance=number).status == "RUNNING"
    sdk.instances.suspend(**where, instance=number).result()
    assert sdk.instances.get(**where, instance=number).status == "SUSPENDED"
    with pytest.raises(BadRequest, match="suspended"):
        sdk.instances.start(**where, instance=number)
    sdk.instances.resume(**where, instance=number).result()
    assert sdk.instances.get(**where, instance=number).status == "RUNNING"

    protect(sdk, number, on=True)
    with pytest.raises(BadRequest, match="protected against deletion"):
        sdk.instances.delete(**where, instance=number)
    protect(sdk, number, on=False)
    assert [one.name for one in sdk.disks.list(**where)] == ["web"]
    sdk.instances.delete(**where, instance=number).result()
    with pytest.raises(NotFound):
        sdk.instances.get(**where, instance=number)
    assert list(sdk.disks.list(**where)) == []
    changes = [one.method for one in cloud.books.changes() if one.path.endswith(("/instances", number))]
    assert changes == ["POST", "DELETE", "DELETE"]


def test_a_name_is_given_once_and_a_request_is_carried_out_once(sdk: Sdk) -> None:
    request = compute_v1.InsertInstanceRequest(
        project=PROJECT, zone=ZONE, instance_resource=machine(), request_id=str(uuid.uuid4())
    )
    first, again = sdk.instances.insert_unary(request), sdk.instances.insert_unary(request)
    assert (first.name, first.target_id) == (again.name, again.target_id)
    with pytest.raises(Conflict) as told:
        insert(sdk)
    assert told.value.errors[0]["reason"] == "alreadyExists"


def test_want_of_room_is_told_later_by_the_operation(sdk: Sdk, cloud: Gcp) -> None:
    cloud.project(PROJECT).lacking.add((KIND, ZONE))
    operation = insert(sdk)
    with pytest.raises(ServiceUnavailable):
        operation.result()
    error = operation._extended_operation.error.errors[0]
    assert error.code == "ZONE_RESOURCE_POOL_EXHAUSTED_WITH_DETAILS"
    assert error.error_details[0].error_info.metadatas["zonesAvailable"] == "us-central1-b,us-central1-c,us-central1-f"
    with pytest.raises(NotFound):
        sdk.instances.get(project=PROJECT, zone=ZONE, instance="web")


def test_labels_are_changed_by_whoever_has_read_them_last(sdk: Sdk) -> None:
    insert(sdk).result()
    read = sdk.instances.get(project=PROJECT, zone=ZONE, instance="web").label_fingerprint
    asked = {"project": PROJECT, "zone": ZONE, "instance": "web"}

    def change(value: str) -> Any:
        body = compute_v1.InstancesSetLabelsRequest(labels={"team": value}, label_fingerprint=read)
        return sdk.instances.set_labels(**asked, instances_set_labels_request_resource=body)

    change("one").result()
    with pytest.raises(PreconditionFailed):
        change("two")
    assert sdk.instances.get(**asked).labels == {"team": "one"}


def test_a_listing_of_all_zones_has_pages_and_says_which_zone_it_could_not_see(sdk: Sdk, cloud: Gcp) -> None:
    for name in ("web-1", "web-2", "web-3"):
        insert(sdk, name, labels={"team": name}).result()
    everything = compute_v1.AggregatedListInstancesRequest(project=PROJECT, max_results=2)
    seen = {one.name for _, part in sdk.instances.aggregated_list(everything) for one in part.instances}
    assert seen == {"web-1", "web-2", "web-3"}
    chosen = compute_v1.AggregatedListInstancesRequest(project=PROJECT, filter='labels.team="web-2"')
    parts = dict(sdk.instances.aggregated_list(chosen))
    assert [one.name for part in parts.values() for one in part.instances] == ["web-2"]
    assert parts["zones/us-east1-b"].warning.code == "NO_RESULTS_ON_PAGE"
    cloud.project(PROJECT).unreachable.add(ZONE)
    (page,) = sdk.instances.aggregated_list(everything).pages
    assert list(page.unreachables) == [f"zones/{ZONE}"]
    assert page.items[f"zones/{ZONE}"].warning.code == "UNREACHABLE"


def test_firewall_rules_are_made_and_taken_away(sdk: Sdk) -> None:
    rule = compute_v1.Firewall(
        name="ssh",
        network="global/networks/default",
        source_ranges=["203.0.113.7/32"],
        allowed=[compute_v1.Allowed(I_p_protocol="tcp", ports=["22"])],
        target_tags=["web"],
    )
    sdk.firewalls.insert(project=PROJECT, firewall_resource=rule).result()
    assert [one.name for one in sdk.firewalls.list(project=PROJECT)] == ["ssh"]
    with pytest.raises(Conflict):
        sdk.firewalls.insert(project=PROJECT, firewall_resource=rule)
    sdk.firewalls.delete(project=PROJECT, firewall="ssh").result()
    assert list(sdk.firewalls.list(project=PROJECT)) == []


def test_who_asks_too_often_and_who_may_not_are_told_apart(sdk: Sdk, cloud: Gcp) -> None:
    project = cloud.project(PROJECT)
    project.reads_a_minute = 0
    with pytest.raises(Forbidden) as told:
        sdk.instances.get(project=PROJECT, zone=ZONE, instance="web")
    assert (told.value.errors[0]["reason"], told.value.reason) == ("rateLimitExceeded", "RATE_LIMIT_EXCEEDED")
    project.reads_a_minute, project.granted = 1500, {"compute.instances.list"}
    with pytest.raises(Forbidden, match=r"compute\.instances\.get") as told:
        sdk.instances.get(project=PROJECT, zone=ZONE, instance="web")
    assert told.value.reason == "IAM_PERMISSION_DENIED"


def test_a_spot_machine_that_is_taken_back_is_stopped_or_gone_and_an_operation_tells(sdk: Sdk, cloud: Gcp) -> None:
    for name, ends in (("stays", "STOP"), ("goes", "DELETE")):
        spot = compute_v1.Scheduling(provisioning_model="SPOT", instance_termination_action=ends)
        insert(sdk, name, scheduling=spot).result()
    project = cloud.project(PROJECT)
    for one in list(project.machines.values()):
        project.preempt(one)
    project.settle(cloud.clock() + timedelta(seconds=5))
    assert [(one.name, one.status) for one in project.machines.values()] == [("stays", "TERMINATED")]
    told = sdk.of("ZoneOperationsClient").list(project=PROJECT, zone=ZONE)
    assert [one.operation_type for one in told].count("compute.instances.preempted") == 2


def test_the_catalogue_is_read(sdk: Sdk) -> None:
    kind = sdk.of("MachineTypesClient").get(project=PROJECT, zone=ZONE, machine_type="t2a-standard-1")
    assert (kind.architecture, kind.guest_cpus) == ("ARM64", 1)
    assert "us-central1-f" in {one.name for one in sdk.of("ZonesClient").list(project=PROJECT)}
    region = sdk.of("RegionsClient").get(project=PROJECT, region="us-central1")
    assert region.quotas[0].metric == "CPUS"


def test_a_project_sees_nothing_of_another(sdk: Sdk, url: str) -> None:
    insert(sdk)
    other = Sdk(url, "other-1")
    assert list(other.instances.list(project="other-1", zone=ZONE)) == []
    with pytest.raises(Forbidden):
        other.instances.list(project=PROJECT, zone=ZONE)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"Authorization": "Bearer team-1.guess"}, 401),
        ({"Authorization": "Bearer team-1.secret", "Origin": "https://evil.example"}, 403),
        ({"Authorization": "Bearer team-1.secret", "Host": "evil.example"}, 403),
    ],
)
def test_no_page_and_no_stranger_is_let_in(url: str, headers: dict[str, str], status: int) -> None:
    asked = urllib.request.Request(f"{url}/compute/v1/projects/team-1/zones", headers=headers)
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(asked)
    assert refused.value.code == status
    assert "Access-Control-Allow-Origin" not in refused.value.headers
    told = refused.value.read()
    refused.value.close()
    assert status != 401 or json.loads(told)["error"]["status"] == "UNAUTHENTICATED"
