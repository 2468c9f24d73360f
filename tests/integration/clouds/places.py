"""Each cloud as the table sees it: a world over its stand-in, and a machine there that somebody else has made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass, field, replace
from typing import Any

from im.providers.aws.provider import AwsProvider
from im.providers.aws.settings import AwsSettings
from im.standins.azure.shapes import VM
from im.standins.azure.subscription import Machine
from im.standins.crusoe.project import Machine as CrusoeMachine
from im.standins.digitalocean import catalog
from im.standins.digitalocean.droplets import Droplet
from im.standins.gcp.project import Disk
from im.standins.gcp.project import Machine as VirtualMachine
from im.standins.hetzner import catalog as hetzner
from im.standins.hetzner.servers import Server
from im.standins.kubernetes.cluster import CLAIMS, PODS
from im.standins.lambda_cloud.team import Instance
from tests.providers.azure_room import LOCATION
from tests.providers.kubernetes.room import foreign_claim, foreign_pod
from tests.providers.nebius.room import foreign as foreign_machine
from tests.providers.runpod.room import foreign as foreign_runpod
from tests.standin.server import StandIn
from tests.standin_world import Near, StandInWorld
from tests.worlds.azure import AzureWorld, azure_world
from tests.worlds.crusoe import CrusoeWorld, crusoe_world
from tests.worlds.digitalocean import DigitalOceanWorld, digitalocean_world
from tests.worlds.gcp import GcpWorld, gcp_world
from tests.worlds.hetzner import HetznerWorld, hetzner_world
from tests.worlds.kubernetes import NAMESPACE, KubernetesWorld, kubernetes_world
from tests.worlds.lambda_cloud import LambdaWorld, lambda_world
from tests.worlds.nebius import NebiusWorld, nebius_world
from tests.worlds.runpod import RunPodWorld, runpod_world
from tests.worlds.vast import VastWorld, vast_world


@dataclass(frozen=True, slots=True)
class Cloud:
    title: str
    world: Callable[[str, StandIn, Near], AbstractContextManager[Any]]
    """Over the database at that address; EC2's stand-in and its clients are made once for all tests."""
    foreign: Callable[[Any], str]
    """Makes a machine that nobody of ours knows; its id."""
    also: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """What a wish needs there beside itself."""


def _server(world: HetznerWorld) -> str:
    project = world.hetzner.project("project")
    number = next(project.numbers)
    image = next(one for one in hetzner.images() if one["name"] == "debian-13")
    made = Server(number, "theirs", "cx23", "fsn1", image, {}, world.now, "", [], [], None, None)
    made.status = "running"
    project.servers[number] = made
    return str(number)


def _droplet(world: DigitalOceanWorld) -> str:
    number = next(world.team.numbers)
    made = Droplet(number, "theirs", "s-1vcpu-2gb", "fra1", catalog.images()[0], [], world.now, "", [], "active")
    world.team.droplets[number] = made
    return str(number)


def _guarded(world: StandInWorld) -> StandInWorld:
    """With the role that schedules run as, which EC2's guard cannot do without."""
    own = AwsSettings(iam_roles="any", guard_role="arn:aws:iam::123456789012:role/im-guard")
    world.provider = AwsProvider(replace(world.ctx.settings, parts=(own,)), world.deployment, world._clients)
    return world


def _instance(world: Any) -> str:
    (made,) = world.control.create(tags={"Name": "theirs"})
    return str(made)


def _virtual_machine(world: AzureWorld) -> str:
    """In a group of their own."""
    subscription = world.subscription
    number = next(subscription.numbers)
    subscription.groups.setdefault("theirs", {"name": "theirs", "location": LOCATION, "tags": {}})
    properties = {"hardwareProfile": {"vmSize": "Standard_B2s"}, "osProfile": {"adminUsername": "them"}}
    body = {"location": LOCATION, "tags": {}, "properties": properties}
    vm_id = f"00000000-0000-0000-0000-{number:012}"
    made = Machine("theirs", "theirs", vm_id, body, world.now, "Succeeded", "running")
    subscription.machines[subscription.path("theirs", VM, made.name).lower()] = made
    return "theirs/theirs"


def _google(world: GcpWorld) -> str:
    project = world.project
    number, zone = next(project.numbers), "us-central1-a"
    disk = Disk(next(project.numbers), "theirs", zone, "pd-balanced", 10, {}, world.now, "debian-12")
    project.disks[zone, "theirs"], disk.user = disk, number
    body = {"networkInterfaces": [{"network": "global/networks/default"}]}
    made = VirtualMachine(number, "theirs", zone, "e2-micro", body, {}, world.now, ["theirs"], world.now)
    made.status, made.started = "RUNNING", world.now
    project.machines[number] = made
    return str(number)


def _claim(world: KubernetesWorld) -> str:
    """With a pod that mounts it."""
    world.cluster.add(CLAIMS, NAMESPACE, foreign_claim("theirs"))
    world.cluster.add(PODS, NAMESPACE, foreign_pod("theirs"))
    return "theirs"


def _named(world: CrusoeWorld) -> str:
    project = world.project
    number = project.number()
    project.machines[number] = CrusoeMachine(number, "theirs", "c1a.4x", "us-east1-a", world.now, state="RUNNING")
    return number


def _gpu(world: LambdaWorld) -> str:
    number = world.team.number()
    made = Instance(number, "theirs", "gpu_1x_a10", "us-east-1", [], [], [], [], "", None, "theirs", "active")
    world.team.instances[number] = made
    return number


def _at_nebius(world: NebiusWorld) -> str:
    return foreign_machine(world.tenant, "theirs")


def _pod(world: RunPodWorld) -> str:
    return foreign_runpod(world.account, "theirs").id


def _rented(world: VastWorld) -> str:
    """At a host of its own."""
    renter = world.renter
    host = replace(renter.hosts[7_000_009], ask=1, machine=1)
    made = renter.make(host, {"label": "theirs", "image": "vastai/pytorch:latest"}, runs=True)
    made.actual, made.course = "running", []
    return str(made.id)


CLOUDS: Mapping[str, Cloud] = {
    "aws": Cloud(
        *("AWS", lambda url, *ec2: closing(_guarded(StandInWorld(url, *ec2))), _instance),
        {"`--hibernate`": ("--instance-type", "m5.large")},
    ),
    "azure": Cloud("Azure", lambda url, *_: azure_world(url), _virtual_machine),
    "crusoe": Cloud("Crusoe", lambda url, *_: crusoe_world(url), _named),
    "digitalocean": Cloud("DigitalOcean", lambda url, *_: digitalocean_world(url), _droplet),
    "gcp": Cloud("Google Cloud", lambda url, *_: gcp_world(url), _google),
    "hetzner": Cloud("Hetzner", lambda url, *_: hetzner_world(url), _server),
    "kubernetes": Cloud("Kubernetes", lambda url, *_: kubernetes_world(url), _claim),
    "lambda": Cloud("Lambda", lambda url, *_: lambda_world(url), _gpu),
    "nebius": Cloud("Nebius", lambda url, *_: nebius_world(url), _at_nebius),
    "runpod": Cloud("RunPod", lambda url, *_: runpod_world(url), _pod),
    "vast": Cloud("Vast.ai", lambda url, *_: vast_world(url), _rented),
}
