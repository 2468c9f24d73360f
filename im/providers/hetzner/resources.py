"""What a server is launched with: an SSH key and a firewall of ours, each made when first needed and then found by its name."""

from __future__ import annotations

import base64
import os
from collections.abc import Sequence
from typing import Any

from im.domain import tags
from im.domain.spec.firewall import Rule
from im.providers.errors import InvalidSpec, NotThereYet
from im.providers.hetzner.api import HetznerApi
from im.providers.hetzner.servers import CODEC
from im.providers.kit.names import resource_name
from im.providers.kit.ssh_key import fingerprint_md5


def key_name(deployment: str, public_key: str) -> str:
    return resource_name(deployment, "key", public_key)


def firewall_name(deployment: str, rules: Sequence[Rule]) -> str:
    return resource_name(deployment, "firewall", ",".join(sorted(str(one) for one in rules)))


def ensure_key(api: HetznerApi, deployment: str, public_key: str) -> int:
    """The id of the key with this material, whoever brought it; Hetzner takes each material once."""
    mark = fingerprint_md5(public_key)
    for one in api.all("/ssh_keys", "ssh_keys", fingerprint=mark):
        return int(one["id"])
    asked = {"name": key_name(deployment, public_key), "public_key": public_key, "labels": _labels(deployment)}
    try:
        return int(api.send("POST", "/ssh_keys", asked).body["ssh_key"]["id"])
    except InvalidSpec as exc:
        if "already used" not in exc.message:
            raise
        for one in api.all("/ssh_keys", "ssh_keys", fingerprint=mark):
            return int(one["id"])
        raise NotThereYet("Hetzner does not show the key yet that it has just been given") from exc


def ensure_firewall(api: HetznerApi, deployment: str, rules: Sequence[Rule]) -> int:
    """The id of the firewall with these rules."""
    name = firewall_name(deployment, rules)
    for one in api.all("/firewalls", "firewalls", name=name):
        return int(one["id"])
    asked = {"name": name, "labels": _labels(deployment), "rules": [_rule(one) for one in rules]}
    try:
        return int(api.send("POST", "/firewalls", asked).body["firewall"]["id"])
    except InvalidSpec as exc:
        if "already used" not in exc.message:
            raise
        for one in api.all("/firewalls", "firewalls", name=name):
            return int(one["id"])
        raise NotThereYet("Hetzner does not show the firewall yet that it has just been given") from exc


ANCHOR, ANCHOR_LABEL = "im-anchor", "im/anchor"
"""A key that opens nothing: nobody has its other half. Its number is this project's and no other's."""


def anchor(api: HetznerApi) -> int:
    """The number of the project's anchor, which is made when there is none."""
    for _ in range(2):
        for one in api.all("/ssh_keys", "ssh_keys", label_selector=ANCHOR_LABEL, sort="id:asc"):
            return int(one["id"])
        asked = {"name": ANCHOR, "public_key": _nobodys_key(), "labels": {ANCHOR_LABEL: "keep"}}
        try:
            return int(api.send("POST", "/ssh_keys", asked).body["ssh_key"]["id"])
        except InvalidSpec as exc:
            if "already used" not in exc.message:
                raise
    raise NotThereYet("Hetzner does not show the anchor yet that somebody else has just made")


def _nobodys_key() -> str:
    kind = b"ssh-ed25519"
    blob = b"".join(len(part).to_bytes(4) + part for part in (kind, os.urandom(32)))
    return f"ssh-ed25519 {base64.b64encode(blob).decode()}"


def _labels(deployment: str) -> dict[str, str]:
    return CODEC.labels({tags.DEPLOYMENT: deployment})


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "direction": "in",
        "protocol": rule.protocol,
        "port": str(rule.first) if rule.first == rule.last else f"{rule.first}-{rule.last}",
        "source_ips": [rule.source],
    }
