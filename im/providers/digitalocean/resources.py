"""What a droplet is launched with: an SSH key and a firewall of ours, each made when first needed and found again.

A key is found by the fingerprint of its material, which a team holds once; a firewall by its name, and it reaches droplets by a tag
of the same name: at the cloud it stands before the first droplet that it is for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from im.domain.spec.firewall import ANYWHERE, Rule
from im.providers.digitalocean.api import DigitalOceanApi
from im.providers.errors import InvalidSpec, NotFound, NotThereYet, WrongState
from im.providers.kit.names import resource_name
from im.providers.kit.ssh_key import fingerprint_md5

MOST_RULES = 50
"""One protocol with one span of ports is a rule, whatever the number of its sources."""
_OUTWARD = [
    {"protocol": protocol, "ports": "0", "destinations": {"addresses": list(ANYWHERE)}}
    for protocol in ("icmp", "tcp", "udp")
]
"""A firewall without a rule for going out lets nothing out."""


def key_name(deployment: str, public_key: str) -> str:
    return resource_name(deployment, "key", public_key)


def firewall_name(deployment: str, rules: Sequence[Rule]) -> str:
    """Also the tag that it reaches droplets by."""
    return resource_name(deployment, "firewall", ",".join(sorted(str(one) for one in rules)))


def ensure_key(api: DigitalOceanApi, deployment: str, public_key: str) -> int:
    """The id of the key with this material, whoever brought it. Names are no way to find one: they may repeat."""
    mark = fingerprint_md5(public_key)
    if (there := _key(api, mark)) is not None:
        return there
    asked = {"name": key_name(deployment, public_key), "public_key": public_key}
    try:
        return int(api.send("POST", "/account/keys", asked).body["ssh_key"]["id"])
    except InvalidSpec as exc:
        if "already in use" not in exc.message:
            raise
        if (there := _key(api, mark)) is not None:
            return there
        raise NotThereYet("DigitalOcean does not show the key yet that it has just been given") from exc


def _key(api: DigitalOceanApi, mark: str) -> int | None:
    try:
        return int(api.get(f"/account/keys/{mark}").body["ssh_key"]["id"])
    except NotFound:
        return None


def ensure_firewall(api: DigitalOceanApi, deployment: str, rules: Sequence[Rule]) -> str:
    """The tag by which the firewall with these rules reaches a droplet."""
    name = firewall_name(deployment, rules)
    there = _firewall(api, name)
    if there is not None and name in (there.get("tags") or ()):
        return name
    ensure_tag(api, name)
    if there is not None:  # somebody has tidied up tags: it reaches nothing any more
        api.send("POST", f"/firewalls/{there['id']}/tags", {"tags": [name]})
        return name
    asked = {"name": name, "tags": [name], "inbound_rules": list(inward(rules)), "outbound_rules": _OUTWARD}
    try:
        api.send("POST", "/firewalls", asked)
    except WrongState as exc:
        # 409: somebody else has just made it
        if _firewall(api, name) is None:
            raise NotThereYet("DigitalOcean does not show the firewall yet that it has just been given") from exc
    return name


def _firewall(api: DigitalOceanApi, name: str) -> dict[str, Any] | None:
    return next((one for one in api.all("/firewalls", "firewalls") if one["name"] == name), None)


def inward(rules: Sequence[Rule]) -> Iterator[dict[str, Any]]:
    """One for each protocol and span of ports, with all its sources."""
    ordered = sorted(rules, key=lambda one: (one.protocol, one.first, one.last))
    for (protocol, first, last), some in groupby(ordered, key=lambda one: (one.protocol, one.first, one.last)):
        ports = str(first) if first == last else f"{first}-{last}"
        yield {"protocol": protocol, "ports": ports, "sources": {"addresses": sorted(one.source for one in some)}}


def ensure_tag(api: DigitalOceanApi, name: str) -> None:
    """A tag has to be there before anything that exists can carry it; once more changes nothing."""
    api.send("POST", "/tags", {"name": name})
