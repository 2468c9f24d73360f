"""Azure, as its stand-in serves it over HTTP, with a clock that only tests move."""

from __future__ import annotations

import base64
from datetime import timedelta

from im.domain.cause import Hand
from im.domain.state import ALIVE
from im.providers.azure.arm import Arm
from im.providers.azure.prices import Prices
from im.providers.azure.profile import PROFILE
from im.providers.azure.provider import AzureProvider
from im.providers.contract import Provider
from im.providers.request import Ask
from im.standins.azure import Azure
from im.standins.azure.shapes import DISK, NIC, RULES, VM
from im.standins.azure.subscription import Machine, Part, Subscription
from tests.providers.clouds import DEPLOYMENT, Room, SteppedClock, public_key

TOKEN = "account.secret"
LOCATION = "westeurope"


class AzureRoom(Room):
    profile = PROFILE
    region = LOCATION
    keeps_address = True
    names_at_launch = True
    forgets_what_is_gone = True
    tells_causes = False

    def __init__(self, cloud: Azure, clock: SteppedClock, url: str) -> None:
        super().__init__()
        self.cloud, self.clock, self.url = cloud, clock, url
        self.provider = self.of_deployment(DEPLOYMENT)
        ask = Ask(public_key=public_key(), owner="me")
        self.scope, self.spec = PROFILE.plan(ask, account="default", default_region=LOCATION)

    def of_deployment(self, deployment: str) -> Provider:
        return provider_at(self.url, deployment)

    @property
    def subscription(self) -> Subscription:
        return self.cloud.subscription("account")

    def machine(self, machine_id: str) -> Machine:
        group, _, name = machine_id.partition("/")
        return self.subscription.machines[self.subscription.path(group, VM, name).lower()]

    def parts(self, kind: str) -> list[Part]:
        return self.subscription.of_kind(kind)

    def settle(self) -> None:
        self.clock.step(seconds=20)

    def outside(self, verb: str, machine_id: str) -> None:
        one = self.machine(machine_id)
        match verb:
            case "start":
                one.power = "running"
            case "stop":
                one.power = "deallocated"
            case _:
                one.provisioning = "gone"
        self.subscription.settle(self.clock.now)

    def stopped_by(self, hand: Hand, machine_id: str) -> None:
        self.outside("stop", machine_id)

    def ways_in(self, machine_id: str) -> set[str] | None:
        (nic,) = self._interfaces(machine_id)
        rules = nic.body["properties"]["networkSecurityGroup"]
        if rules is None:
            return None
        found = self.subscription.parts[rules["id"].lower()].body["properties"]["securityRules"]
        ways = [one["properties"] for one in found]
        return {f"{one['destinationPortRange']}/{one['protocol'].lower()}@{one['sourceAddressPrefix']}" for one in ways}

    def _interfaces(self, machine_id: str) -> list[Part]:
        group, _, name = machine_id.partition("/")
        key = self.subscription.path(group, VM, name).lower()
        return [one for one in self.parts(NIC) if one.owner == key]

    def disks(self, machine_id: str) -> list[tuple[int, bool]]:
        storage = self.machine(machine_id).body["properties"]["storageProfile"]
        disks = [storage["osDisk"], *storage.get("dataDisks", ())]
        return [(one["diskSizeGB"], one["deleteOption"] != "Delete") for one in disks]

    def left(self) -> list[int]:
        return [one.body["properties"]["diskSizeGB"] for one in self.parts(DISK) if not one.owner]

    def user_data(self, machine_id: str) -> bytes | None:
        told = self.machine(machine_id).body["properties"]["osProfile"].get("customData")
        return base64.b64decode(told) if told else None

    def foreign(self) -> str:
        """Somebody's machine in a group of their own."""
        subscription = self.subscription
        number = next(subscription.numbers)
        subscription.groups.setdefault("theirs", {"name": "theirs", "location": LOCATION, "tags": {}})
        image = {"publisher": "Debian", "offer": "debian-12", "sku": "12-gen2", "version": "latest"}
        body = {
            "location": LOCATION,
            "tags": {"team": "web", "Name": "not-ours"},
            "properties": {
                "hardwareProfile": {"vmSize": "Standard_B2s"},
                "storageProfile": {"imageReference": image},
                "osProfile": {"adminUsername": "them"},
            },
        }
        vm_id = f"00000000-0000-0000-0000-{number:012}"
        made = Machine(f"foreign-{number}", "theirs", vm_id, body, self.clock.now, "Succeeded", "running")
        subscription.machines[subscription.path("theirs", VM, made.name).lower()] = made
        return f"theirs/{made.name}"

    def alive(self) -> set[str]:
        found = [seen for page in self.provider.list(self.scope) for seen in page.sightings]
        return {seen.provider_id for seen in found if seen.state in ALIVE}

    def rules(self) -> list[str]:
        return [one.name for one in self.parts(RULES)]


def provider_at(url: str, deployment: str, token: str = TOKEN) -> AzureProvider:
    def said() -> str:
        return token

    return AzureProvider(Arm(said, str, url), deployment, prices=Prices(f"{url}/api/retail/prices", said))


def azure(clock: SteppedClock) -> Azure:
    return Azure("secret", clock, timedelta(seconds=5))
