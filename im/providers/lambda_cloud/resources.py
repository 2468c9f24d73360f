"""What a machine is launched with: an SSH key and a firewall ruleset of ours, each made when first needed and found again.

A key is found by its material. Lambda lets two keys have one name, and then no launch with that name comes about (skypilot#8221):
the name that is made holds the material's digest. A ruleset belongs to one region, and holds beside the team's global rules.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from im.domain.spec.firewall import Rule
from im.providers.errors import InvalidSpec
from im.providers.kit.names import resource_name
from im.providers.lambda_cloud.api import LambdaApi

SAID = "made by im"


def key_name(deployment: str, public_key: str) -> str:
    return resource_name(deployment, "key", public_key)


def firewall_name(deployment: str, rules: Sequence[Rule], region: str) -> str:
    return f"{resource_name(deployment, 'firewall', ','.join(sorted(str(one) for one in rules)))}-{region}"


def material(key: str) -> str:
    """Type and body, without what stands behind them."""
    return " ".join(key.split()[:2])


def ensure_key(api: LambdaApi, deployment: str, public_key: str) -> str:
    """The name of the key with this material, whoever brought it."""
    there = api.get("/ssh-keys")
    names = [one["name"] for one in there]
    found = sorted(one["name"] for one in there if material(one["public_key"]) == material(public_key))
    for name in found:
        if names.count(name) == 1:
            return str(name)
    if found:
        raise InvalidSpec(
            f"Lambda has {names.count(found[0])} SSH keys named {found[0]}, and launches with none of them: rename one"
        )
    name = key_name(deployment, public_key)
    return str(api.post("/ssh-keys", {"name": name, "public_key": public_key})["name"])


def ensure_firewall(api: LambdaApi, deployment: str, rules: Sequence[Rule], region: str) -> str:
    """The id of the ruleset with these rules in that region."""
    name = firewall_name(deployment, rules, region)
    for one in api.get("/firewall-rulesets"):
        if one["name"] == name and one["region"]["name"] == region:
            return str(one["id"])
    return str(api.post("/firewall-rulesets", {"name": name, "region": region, "rules": list(inward(rules))})["id"])


def inward(rules: Sequence[Rule]) -> Iterator[dict[str, Any]]:
    for one in sorted(rules):
        span = [one.first, one.last]
        yield {"protocol": one.protocol, "port_range": span, "source_network": one.source, "description": SAID}
