"""The clouds under test: each as a provider, a scope, and the hands that reach around the provider."""

from __future__ import annotations

import base64
import hashlib
import logging
import struct
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from moto.server import ThreadedMotoServer

from im.domain.cause import Hand
from im.domain.scope import Scope
from im.domain.sighting import Sighting
from im.domain.spec.spec import Spec
from im.domain.state import ALIVE, Observed
from im.providers.aws.api.clients import Clients
from im.providers.aws.profile import PROFILE as AWS
from im.providers.aws.provider import AwsProvider
from im.providers.aws.settings import AwsSettings
from im.providers.contract import Profile, Provider, Slot
from im.providers.fake.provider import PROFILE as FAKE
from im.providers.fake.provider import FakeCloud, FakeProvider
from im.providers.request import Ask
from im.settings import Settings
from tests.machines import machines

DEPLOYMENT = "11111111-2222-4333-8444-555555555555"
STRANGER = "99999999-2222-4333-8444-555555555555"
REGION = "us-east-1"
ABSENT = "i-0123456789abcdef0"


def public_key(seed: str = "one", comment: str = "me@laptop") -> str:
    """A well-formed ed25519 public key; nobody has its private half."""
    fields = (b"ssh-ed25519", hashlib.sha256(seed.encode()).digest())
    blob = b"".join(struct.pack(">I", len(field)) + field for field in fields)
    return f"ssh-ed25519 {base64.b64encode(blob).decode()} {comment}"


class SteppedClock:
    def __init__(self) -> None:
        self.now = datetime(2030, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def step(self, **span: float) -> None:
        self.now += timedelta(**span)


STOPPING = (
    *("fake", "standin", "azure", "crusoe", "digitalocean", "gcp", "hetzner", "kubernetes", "nebius", "runpod", "vast"),
)
"""Clouds that stop machines; at the others one is there, or it is gone."""
LABELLING = tuple(one for one in STOPPING if one not in ("crusoe", "runpod"))
"""Those of them whose machines can be marked once they are there."""


class Room:
    """One cloud with our deployment in it. Subclasses know how to reach the cloud from outside."""

    provider: Provider
    profile: Profile
    scope: Scope
    spec: Spec

    # in which clouds differ, and no ability says so
    region = REGION
    keeps_address = False
    """A stopped machine keeps its public address."""
    has_private_network = True
    has_public_address = True
    names_at_launch = False
    """Each machine of a launch has its name from the first."""
    forgets_what_is_gone = False
    """A terminated machine is not shown any more."""
    holds_keys = True
    """A key is in use while a machine that was launched with it is there."""
    tells_causes = True
    """It says whose hand stopped or ended a machine."""
    dates_starts = True
    """It says since when a machine runs."""
    tells_time = True
    """It tells its own clock with a listing."""
    has_ipv6 = True
    runs_user_data = True
    names_images = True
    """It says of a machine which image it was made of."""

    def __init__(self) -> None:
        self._numbers = count(1)

    def slots(self, number: int = 1) -> list[Slot]:
        return [Slot(f"im-{n}", f"web-{n}") for n in (next(self._numbers) for _ in range(number))]

    def launch(self, number: int = 1, token: str | None = None) -> list[Sighting]:
        made = self.provider.launch(
            self.scope, self.spec, token=token or f"token-{next(self._numbers)}", slots=self.slots(number)
        )
        self.settle()
        return made

    def running(self, number: int = 1) -> list[str]:
        """Ids of new machines, seen running."""
        ids = [one.provider_id for one in self.launch(number)]
        assert set(self.states(ids).values()) == {Observed.RUNNING}
        return ids

    def states(self, ids: list[str]) -> dict[str, Observed]:
        return {one: seen.state for one, seen in self.provider.describe(self.scope, machines(ids)).items()}

    def settle(self) -> None:
        """Let every transition come to its end."""

    def wish(self, **asked: Any) -> None:
        """The next launches are to be like this; what is not named is as usual."""
        ask = Ask(**{"public_key": public_key(), "owner": "me", **asked})
        self.scope, self.spec = self.profile.plan(ask, account="default", default_region=self.region)

    def ways_in(self, machine_id: str) -> set[str] | None:
        """What may reach the machine, as rules are written; None when its firewall is none of ours."""
        raise NotImplementedError

    def disks(self, machine_id: str) -> list[tuple[int, bool]]:
        """(GiB, does it outlive its machine) of each disk, the root disk first."""
        raise NotImplementedError

    def user_data(self, machine_id: str) -> bytes | None:
        raise NotImplementedError

    def left(self) -> list[int]:
        """GiB of each disk that has outlived its machine."""
        raise NotImplementedError

    def outside(self, verb: str, machine_id: str) -> None:
        raise NotImplementedError

    def stopped_by(self, hand: Hand, machine_id: str) -> None:
        """Somebody at the console stops it, its own guest, or the cloud for its hardware."""
        raise NotImplementedError

    def foreign(self) -> str:
        raise NotImplementedError

    def of_deployment(self, deployment: str) -> Provider:
        raise NotImplementedError


class FakeRoom(Room):
    profile = FAKE

    def __init__(self) -> None:
        super().__init__()
        self.clock = SteppedClock()
        self.cloud = FakeCloud(self.clock, takes=timedelta(seconds=20))
        self.provider = FakeProvider(self.cloud, DEPLOYMENT)
        self.scope, self.spec = FAKE.plan(Ask(public_key=public_key()), account="default", default_region=REGION)

    def settle(self) -> None:
        self.clock.step(seconds=20)

    def outside(self, verb: str, machine_id: str) -> None:
        self.cloud.outside(verb, machine_id)
        self.settle()

    def stopped_by(self, hand: Hand, machine_id: str) -> None:
        self.cloud.outside("stop", machine_id, hand)
        self.settle()

    def ways_in(self, machine_id: str) -> set[str] | None:
        rules = self.cloud.visible(machine_id).ways_in
        return None if rules is None else {str(rule) for rule in rules}

    def disks(self, machine_id: str) -> list[tuple[int, bool]]:
        return [(disk.size_gb or 0, disk.keep) for disk in self.cloud.visible(machine_id).disks]

    def user_data(self, machine_id: str) -> bytes | None:
        return self.cloud.visible(machine_id).user_data

    def kept_memory(self, machine_id: str) -> bool:
        return machine_id in self.cloud.asleep

    def left(self) -> list[int]:
        return [disk.size_gb or 0 for disk in self.cloud.left]

    def foreign(self) -> str:
        return self.cloud.foreign(self.spec.zone, Name="not-ours")

    def take_back(self, machine_id: str) -> None:
        """The cloud needs the room of a spot machine, and has it."""
        self.cloud.spot.take_back(machine_id)
        self.settle()

    def give_back(self, machine_id: str) -> None:
        self.cloud.spot.give_back(machine_id)
        self.settle()

    def alive(self) -> set[str]:
        """Every machine that bills for computing, whoever's it is."""
        return {one.provider_id for one in self.cloud.listing(REGION, {}).sightings if one.state in ALIVE}

    def of_deployment(self, deployment: str) -> Provider:
        return FakeProvider(self.cloud, deployment)


class AwsRoom(Room):
    """EC2 as moto serves it over HTTP; transitions are instant there."""

    profile = AWS

    def __init__(self, url: str, clients: Clients, raw: Any) -> None:
        super().__init__()
        self.url, self.raw = url, raw
        self._clients = clients
        self.provider = self.of_deployment(DEPLOYMENT)
        self.scope, self.spec = AWS.plan(
            Ask(public_key=public_key(), owner="me"), account="default", default_region=REGION
        )

    def outside(self, verb: str, machine_id: str) -> None:
        getattr(self.raw, f"{verb}_instances")(InstanceIds=[machine_id])

    def ways_in(self, machine_id: str) -> set[str] | None:
        shown = self.raw.describe_instances(InstanceIds=[machine_id])["Reservations"][0]["Instances"][0]
        ids = [group["GroupId"] for group in shown["SecurityGroups"]]
        groups = self.raw.describe_security_groups(GroupIds=ids)["SecurityGroups"]
        if any(one["GroupName"] == "default" for one in groups):
            return None
        return {
            f"{_ports(permission)}@{source.get('CidrIp') or source['CidrIpv6']}"
            for group in groups
            for permission in group["IpPermissions"]
            for source in [*permission.get("IpRanges", []), *permission.get("Ipv6Ranges", [])]
        }

    def volumes(self, machine_id: str) -> list[dict[str, Any]]:
        """As EC2 shows them, the root disk first."""
        attached = [{"Name": "attachment.instance-id", "Values": [machine_id]}]
        shown = self.raw.describe_instances(InstanceIds=[machine_id])["Reservations"][0]["Instances"][0]
        found: list[dict[str, Any]] = self.raw.describe_volumes(Filters=attached)["Volumes"]
        devices = {one["Ebs"]["VolumeId"]: one for one in shown["BlockDeviceMappings"]}
        for one in found:
            one["Attachments"][0]["DeleteOnTermination"] = devices[one["VolumeId"]]["Ebs"]["DeleteOnTermination"]
        root = shown["RootDeviceName"]
        return sorted(found, key=lambda one: (one["Attachments"][0]["Device"] != root, one["Attachments"][0]["Device"]))

    def disks(self, machine_id: str) -> list[tuple[int, bool]]:
        return [(one["Size"], not one["Attachments"][0]["DeleteOnTermination"]) for one in self.volumes(machine_id)]

    def user_data(self, machine_id: str) -> bytes | None:
        shown = self.raw.describe_instance_attribute(InstanceId=machine_id, Attribute="userData")["UserData"]
        return base64.b64decode(shown["Value"]) if "Value" in shown else None

    def left(self) -> list[int]:
        free = [{"Name": "status", "Values": ["available"]}]
        return [one["Size"] for one in self.raw.describe_volumes(Filters=free)["Volumes"]]

    def foreign(self) -> str:
        tags = [{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "not-ours"}]}]
        made = self.raw.run_instances(
            ImageId="ami-0123456789abcdef0", InstanceType="t2.nano", MinCount=1, MaxCount=1, TagSpecifications=tags
        )
        return str(made["Instances"][0]["InstanceId"])

    def of_deployment(self, deployment: str) -> Provider:
        return AwsProvider(
            Settings(sandbox_url=self.url, parts=(AwsSettings(iam_roles="any"),)), deployment, self._clients
        )


def _ports(permission: dict[str, Any]) -> str:
    first, last = permission["FromPort"], permission["ToPort"]
    return f"{first if first == last else f'{first}-{last}'}/{permission['IpProtocol']}"


@contextmanager
def moto_server() -> Iterator[str]:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        yield f"http://{host}:{port}"
    finally:
        server.stop()
        server._server.server_close()


def reset(url: str) -> None:
    with urllib.request.urlopen(urllib.request.Request(f"{url}/moto-api/reset", method="POST")) as answer:
        answer.read()
