"""What machines are launched into: a resource group, a network of each location, and a set of rules for each set of ways in.

Each is looked for by its name and made when it is not there; nothing that is there is ever overwritten.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from im.domain import tags
from im.domain.spec.firewall import Rule
from im.providers.azure.arm import GROUPS, NETWORK, Arm
from im.providers.errors import NotFound, NotThereYet, WrongState
from im.providers.kit.names import prefix, resource_name

RULES, NETWORKS = "Microsoft.Network/networkSecurityGroups", "Microsoft.Network/virtualNetworks"
SUBNET = "machines"
_SPACE = "10.0.0.0/16"
_FIRST_PRIORITY = 100
IF_NEW = {"If-None-Match": "*"}


def group_name(deployment: str) -> str:
    """Where everything of ours is, unless the account names another group."""
    return prefix(deployment).rstrip("-")


def network_name(deployment: str, location: str) -> str:
    return f"{prefix(deployment)}net-{location}"


def rules_name(deployment: str, location: str, rules: Sequence[Rule]) -> str:
    return f"{resource_name(deployment, 'rules', ','.join(sorted(str(one) for one in rules)))}-{location}"


@dataclass(frozen=True, slots=True)
class Ground:
    """Full ids of what a machine refers to."""

    subnet: str
    rules: str | None


class Grounds:
    """What this process has seen to be there. `forget` when Azure says that it is not."""

    def __init__(self, arm: Arm, deployment: str, group: str) -> None:
        self._arm, self._deployment, self.group = arm, deployment, group
        self._there: set[str] = set()

    def ensure(self, location: str, rules: Sequence[Rule] | None) -> Ground:
        """Everything a machine in that location needs with these rules; None: no rules, and a public address lets nobody in."""
        self._ensure_group(location)
        network = self._arm.path(self.group, NETWORKS, network_name(self._deployment, location))
        # every machine has an address of its own to go out by, and needs none that Azure lends
        subnet = {"name": SUBNET, "properties": {"addressPrefix": _SPACE, "defaultOutboundAccess": False}}
        space = {"addressSpace": {"addressPrefixes": [_SPACE]}, "subnets": [subnet]}
        self._ensure(network, location, space)
        wall = None
        if rules is not None:
            wall = self._arm.path(self.group, RULES, rules_name(self._deployment, location, rules))
            self._ensure(wall, location, {"securityRules": [_rule(at, one) for at, one in enumerate(rules)]})
        return Ground(f"{self._arm.full(network)}/subnets/{SUBNET}", self._arm.full(wall) if wall else None)

    def forget(self) -> None:
        self._there.clear()

    def _ensure_group(self, location: str) -> None:
        path = f"/resourceGroups/{self.group}"
        if path in self._there:
            return
        try:
            self._arm.get(path, GROUPS)
        except NotFound:
            self._arm.send("PUT", path, GROUPS, {"location": location, "tags": self._tags()})
        self._there.add(path)

    def _ensure(self, path: str, location: str, properties: Mapping[str, Any]) -> None:
        if path in self._there:
            return
        try:
            self._arm.get(path, NETWORK)
        except NotFound:
            body = {"location": location, "tags": self._tags(), "properties": properties}
            try:
                self._arm.send("PUT", path, NETWORK, body, headers=IF_NEW)
            except WrongState as exc:  # made by somebody else in the same moment, with the same in it
                raise NotThereYet(exc.message) from exc
        self._there.add(path)

    def _tags(self) -> dict[str, str]:
        return {tags.DEPLOYMENT: self._deployment}


def _rule(at: int, rule: Rule) -> dict[str, Any]:
    return {
        "name": f"in-{at + 1}",
        "properties": {
            "priority": _FIRST_PRIORITY + at,
            "direction": "Inbound",
            "access": "Allow",
            "protocol": rule.protocol.capitalize(),
            "sourceAddressPrefix": rule.source,
            "sourcePortRange": "*",
            "destinationAddressPrefix": "*",
            "destinationPortRange": str(rule.first) if rule.first == rule.last else f"{rule.first}-{rule.last}",
        },
    }
