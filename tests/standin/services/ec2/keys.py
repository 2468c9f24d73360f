"""Key pairs: import, show, delete; fingerprints as EC2 computes them for imported keys."""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import Any

from tests.standin import filters
from tests.standin.clock import iso
from tests.standin.errors import AwsError
from tests.standin.registry import Call, action
from tests.standin.services.ec2.tags import check_policy, check_tags, shown, tags_for


@action("ec2", "ImportKeyPair", mutating=True)
def import_key_pair(call: Call) -> dict[str, Any]:
    asked, region = call.asked, call.region
    name = asked["KeyName"]
    check_tags(asked)
    check_policy(region, asked, "key-pair")
    kind, fingerprint = _read(asked["PublicKeyMaterial"])
    if name in region.keys:
        raise AwsError("InvalidKeyPair.Duplicate", f"The keypair '{name}' already exists.")
    region.keys[name] = {
        "KeyPairId": f"key-{region.new_hex()}",
        "KeyName": name,
        "KeyType": kind,
        "KeyFingerprint": fingerprint,
        "CreateTime": iso(call.now),
        "PublicKey": asked["PublicKeyMaterial"].decode().strip(),
        "tags": tags_for(asked, "key-pair"),
    }
    call.effects[region.keys[name]["KeyPairId"]] = "imported"
    return {key: value for key, value in _shown(region.keys[name]).items() if key not in ("KeyType", "CreateTime")}


@action("ec2", "DescribeKeyPairs")
def describe_key_pairs(call: Call) -> dict[str, Any]:
    asked, keys = call.asked, call.region.keys
    for name in asked.get("KeyNames") or ():
        if name not in keys:
            raise AwsError("InvalidKeyPair.NotFound", f"The key pair '{name}' does not exist")
    ids = {one["KeyPairId"] for one in keys.values()}
    for one in asked.get("KeyPairIds") or ():
        if one not in ids:
            raise AwsError("InvalidKeyPair.NotFound", f"The key pair ID '{one}' does not exist")
    facets: filters.Facets[dict[str, Any]] = {
        "key-name": lambda one: [one["KeyName"]],
        "key-pair-id": lambda one: [one["KeyPairId"]],
        "fingerprint": lambda one: [one["KeyFingerprint"]],
    }
    names, wanted = asked.get("KeyNames"), asked.get("KeyPairIds")
    named = (
        one
        for one in keys.values()
        if (not names or one["KeyName"] in names) and (not wanted or one["KeyPairId"] in wanted)
    )
    found = filters.select(named, filters.asked(asked), facets, lambda one: one["tags"])
    whole = asked.get("IncludePublicKey", False)
    return {"KeyPairs": [_shown(one) | ({"PublicKey": one["PublicKey"]} if whole else {}) for one in found]}


@action("ec2", "DeleteKeyPair", mutating=True)
def delete_key_pair(call: Call) -> dict[str, Any]:
    """No error for one that is not there, as at EC2."""
    asked, keys = call.asked, call.region.keys
    for name, one in list(keys.items()):
        if asked.get("KeyName") == name or asked.get("KeyPairId") == one["KeyPairId"]:
            del keys[name]
            call.effects[one["KeyPairId"]] = "deleted"
            return {"Return": True, "KeyPairId": one["KeyPairId"]}
    return {"Return": True}


def _shown(key: dict[str, Any]) -> dict[str, Any]:
    left_out = ("tags", "PublicKey")
    return {name: value for name, value in key.items() if name not in left_out} | {"Tags": shown(key["tags"])}


def _read(material: bytes) -> tuple[str, str]:
    """(type, fingerprint): MD5 of the DER form for RSA, SHA-256 in base64 for ED25519."""
    bad = AwsError("InvalidKey.Format", "Key is not in valid OpenSSH public key format")
    words = material.decode("utf-8", "replace").split()
    if len(words) < 2:
        raise bad
    try:
        blob = base64.b64decode(words[1], validate=True)
    except binascii.Error:
        raise bad from None
    if words[0] == "ssh-ed25519":
        return "ed25519", base64.b64encode(hashlib.sha256(blob).digest()).decode()
    if words[0] != "ssh-rsa":
        raise bad
    digest = hashlib.md5(_rsa_der(blob), usedforsecurity=False).hexdigest()
    return "rsa", ":".join(digest[at : at + 2] for at in range(0, 32, 2))


def _rsa_der(blob: bytes) -> bytes:
    """SubjectPublicKeyInfo of an SSH RSA key, which holds the algorithm's name, the exponent and the modulus."""
    fields = []
    while blob:
        size = int.from_bytes(blob[:4])
        fields.append(blob[4 : 4 + size])
        blob = blob[4 + size :]
    _, exponent, modulus = fields
    numbers = _der(0x30, _der(2, modulus) + _der(2, exponent))
    algorithm = _der(0x30, bytes.fromhex("06092a864886f70d0101010500"))
    return _der(0x30, algorithm + _der(3, b"\0" + numbers))


def _der(kind: int, inner: bytes) -> bytes:
    size = len(inner)
    if size < 128:
        return bytes([kind, size]) + inner
    length = size.to_bytes((size.bit_length() + 7) // 8)
    return bytes([kind, 128 | len(length)]) + length + inner
