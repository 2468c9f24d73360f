"""Key pairs: a public key has a name at EC2 that is made from the key itself, so importing it twice is no conflict."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING

from im.domain import tags as tag
from im.providers.aws.api.errors import cloud_code, translated
from im.providers.errors import InvalidSpec

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client


def key_name(public_key: str, deployment: str) -> str:
    """`im-<deployment>-<hash>`: the same for the same key, whatever its comment, within one deployment."""
    blob = base64.b64decode(public_key.split()[1])
    return f"im-{deployment[:8]}-{hashlib.sha256(blob).hexdigest()[:16]}"


def ensure_key(ec2: EC2Client, public_key: str, deployment: str, tags: Mapping[str, str]) -> str:
    """Import the key unless it is there, and return its name. Raises InvalidSpec when another key has that name.

    `tags` are the person's: a new one carries them beside ours, since an account's policy may demand them.
    """
    name = key_name(public_key, deployment)
    carried = {**tags, tag.DEPLOYMENT: deployment}
    try:
        with translated():
            ec2.import_key_pair(
                KeyName=name,
                PublicKeyMaterial=public_key.encode(),
                TagSpecifications=[
                    {"ResourceType": "key-pair", "Tags": [{"Key": k, "Value": v} for k, v in carried.items()]}
                ],
            )
    except InvalidSpec as exc:
        if cloud_code(exc) != "InvalidKeyPair.Duplicate":
            raise
        _refuse_if_other(ec2, name, public_key)
    return name


def _refuse_if_other(ec2: EC2Client, name: str, public_key: str) -> None:
    """Compare the keys themselves: fingerprints come in two formats, and not every cloud computes them as EC2 does."""
    with translated():
        found = ec2.describe_key_pairs(KeyNames=[name], IncludePublicKey=True)["KeyPairs"]
    theirs = found[0].get("PublicKey", "").split() if found else []
    if theirs[:2] != public_key.split()[:2]:
        raise InvalidSpec(
            f"the key pair {name} holds another key than ours; delete it in the AWS console and try again"
        )
