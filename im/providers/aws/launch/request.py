"""The RunInstances request: a pure function of spec, token and slots, so that it can be repeated to the letter.

When EC2 refuses it, `explain` gives the same refusal in words that help.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from im.domain import tags as tag
from im.domain.sighting import Sighting
from im.domain.spec.spec import Spec
from im.providers.aws import spot
from im.providers.aws.api.errors import cloud_code, translated
from im.providers.aws.launch import disks, offers
from im.providers.aws.launch.families import near_types
from im.providers.aws.launch.images import Image
from im.providers.aws.launch.network import Place
from im.providers.aws.launch.preparation import has_own_login
from im.providers.contract import Slot
from im.providers.errors import InvalidSpec, NotFound, NotOffered, NotThereYet, ProviderError

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client

_FEW, _HANDS = 4, 8
TAG_VALUE = 256
"""Characters a tag's value may have."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """What was found or made for a launch before it is asked for."""

    image: Image
    key: str
    place: Place | None = None
    groups: tuple[str, ...] = ()
    root_gb: int | None = None
    """GiB of the root disk; None as the image has it."""


def request(
    spec: Spec, fitted: Fitted, *, deployment: str, token: str, slots: Sequence[Slot], least: int = 1
) -> dict[str, Any]:
    """Arguments of RunInstances. The token is zonal at EC2 because a zone or a subnet is named: never reuse it elsewhere.

    `least`: how many machines will do when there is no room for all; the others are asked for again, or elsewhere.
    """
    image = fitted.image
    tags = _tags(launch_tags(spec, deployment, token, slots))
    asked: dict[str, Any] = {
        "ClientToken": token,
        "MinCount": least,
        "MaxCount": len(slots),
        "ImageId": image.ami,
        "InstanceType": spec.instance_type,
        "KeyName": fitted.key,
        "MetadataOptions": {"HttpTokens": "required", "HttpEndpoint": "enabled"},
        "BlockDeviceMappings": disks.mappings(spec.disks, image, spec.provider_options.get("kms_key"), fitted.root_gb),
        "TagSpecifications": [
            {"ResourceType": "instance", "Tags": tags},
            {"ResourceType": "volume", "Tags": tags},
            {"ResourceType": "network-interface", "Tags": tags},
        ],
    }
    if (spare := spec.spot) is not None:
        asked["InstanceMarketOptions"] = spot.market(spare)
        asked["TagSpecifications"].append({"ResourceType": spot.REQUEST, "Tags": tags})
    if spec.user_data is not None:
        asked["UserData"] = spec.user_data  # botocore encodes it
    if role := spec.provider_options.get("iam_role"):
        asked["IamInstanceProfile"] = {"Arn" if role.startswith("arn:") else "Name": role}
    if spec.hibernate:
        asked["HibernationOptions"] = {"Configured": True}
    return asked | _network(spec, fitted)


def known_by(spec: Spec, image: Image, root_gb: int | None, seen: Sequence[Sighting]) -> list[Sighting]:
    """The machines of a launch, with what EC2 does not show of them: the size and type of their disks, and who logs in."""
    size, kind = disk_space(spec, image, root_gb)
    user = "" if has_own_login(spec) else image.ssh_user
    return [replace(one, disk_gb=size, disk_type=kind, ssh_user=user) for one in seen]


def disk_space(spec: Spec, image: Image, root_gb: int | None) -> tuple[int | None, str | None]:
    """(GiB, type) of the root disk, with the volumes of the same type: what the machine is charged for by the month."""
    root, *more = spec.disks
    kind = root.kind or image.root_type
    if root_gb is None:
        return None, kind
    return root_gb + sum(disk.size_gb or 0 for disk in more if disk.kind == kind), kind


def _network(spec: Spec, fitted: Fitted) -> dict[str, Any]:
    asked: dict[str, Any] = {"Placement": {"AvailabilityZone": spec.zone}} if spec.zone else {}
    where: dict[str, Any] = {}
    if fitted.place is not None and fitted.place.subnet:
        where["SubnetId"] = fitted.place.subnet
    public = spec.public_ip
    if public is None:
        return asked | where | ({"SecurityGroupIds": list(fitted.groups)} if fitted.groups else {})
    # the address is a property of the interface; then EC2 wants subnet and groups there too (RunInstances)
    interface = {"DeviceIndex": 0, "AssociatePublicIpAddress": public, "DeleteOnTermination": True, **where}
    return asked | {"NetworkInterfaces": [interface | ({"Groups": list(fitted.groups)} if fitted.groups else {})]}


def launch_tags(spec: Spec, deployment: str, token: str, slots: Sequence[Slot]) -> dict[str, str]:
    """What every machine of the launch is tagged with; one alone also carries the name and id it is known by."""
    tags = {**spec.tags, tag.DEPLOYMENT: deployment, tag.LAUNCH: token, tag.OWNER: spec.owner}
    return tags | slot_tags(slots[0]) if len(slots) == 1 else tags


def slot_tags(slot: Slot) -> dict[str, str]:
    return {tag.NAME: slot.name, tag.INSTANCE: slot.instance_id}


def label_request(provider_id: str, slot: Slot) -> dict[str, Any]:
    """Arguments of CreateTags."""
    return {"Resources": [provider_id], "Tags": _tags(slot_tags(slot))}


def label(ec2: EC2Client, slots: Mapping[str, Slot]) -> None:
    """CreateTags for each machine; several at once where there are many. Raises the first error, when all others are done."""

    def one(named: tuple[str, Slot]) -> ProviderError | None:
        try:
            with translated():
                ec2.create_tags(**label_request(*named))
        except NotFound as exc:  # EC2 may not know a newborn yet
            return exc
        return None

    if len(slots) <= _FEW:
        errors = [one(named) for named in slots.items()]
    else:
        with ThreadPoolExecutor(_HANDS) as hands:
            errors = list(hands.map(one, slots.items()))
    if failed := next(filter(None, errors), None):
        raise failed


def adopt_request(provider_id: str, slot: Slot, owner: str, deployment: str, spot_request: str = "") -> dict[str, Any]:
    """Arguments of CreateTags for a machine that somebody else made, and its spot request; the name it has is left alone."""
    tags = {tag.DEPLOYMENT: deployment, tag.INSTANCE: slot.instance_id, tag.OWNER: owner}
    return {"Resources": [provider_id, *([spot_request] if spot_request else [])], "Tags": _tags(tags)}


def _tags(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value[:TAG_VALUE]} for key, value in tags.items()]


def explain(error: ProviderError, spec: Spec, ec2: EC2Client) -> ProviderError:
    """The same refusal, saying what in the request is wrong and what would be right; itself when we know no better."""
    code, said = cloud_code(error), error.message.lower()
    if not isinstance(error, InvalidSpec):
        return error
    if isinstance(error, NotOffered):
        sold = offers.sold_in(ec2, spec.zone)
        where = spec.zone or ec2.meta.region_name
        if (
            not sold or spec.instance_type in sold
        ):  # then it is an option that is not offered, and EC2's words say which
            return error
        near = " or ".join(near_types(spec.instance_type, sold))
        return NotOffered(f"{where} sells no {spec.instance_type}; it has {near}, for --instance-type")
    if "zone" in code.lower() or (code == "InvalidParameterValue" and "availability zone" in said):
        return InvalidSpec(f"there is no zone {spec.zone} for this account{_zones(ec2)}")
    if "instancetype" in code.lower() or (code == "InvalidParameterValue" and _speaks_of_type(said, spec)):
        return InvalidSpec(f"there is no instance type {spec.instance_type}{_near_types(spec.instance_type, ec2)}")
    if "profile" in said and spec.provider_options.get("iam_role"):
        # EC2 learns of a new profile some seconds after IAM has made it (IAM user guide, "Changes that I make are not
        # always immediately visible"), and answers until then as if there were none
        return NotThereYet(f"EC2 knows no instance profile {spec.provider_options['iam_role']} in this account")
    if "kms" in said and spec.provider_options.get("kms_key"):
        return InvalidSpec(
            f"{ec2.meta.region_name} cannot encrypt with the KMS key {spec.provider_options['kms_key']}: {error.message}"
        )
    if code.startswith("InvalidGroup"):
        return InvalidSpec(
            f"{ec2.meta.region_name} has no such security group in the network of the machine: {error.message}"
        )
    if code.startswith("InvalidAMIID") or code == "ParameterNotFound":
        return InvalidSpec(
            f"{ec2.meta.region_name} has no image {spec.image} that this account may use; name another with --image"
        )
    return error


def _speaks_of_type(said: str, spec: Spec) -> bool:
    return "instancetype" in said or ("instance type" in said and spec.instance_type in said)


def _zones(ec2: EC2Client) -> str:
    try:
        with translated():
            zones = ec2.describe_availability_zones()["AvailabilityZones"]
    except ProviderError:
        return ""  # the refusal stands without the list
    names = sorted(zone.get("ZoneName", "") for zone in zones if zone.get("State") == "available")
    return f"; {ec2.meta.region_name} has {', '.join(names)}" if names else ""


def _near_types(asked: str, ec2: EC2Client) -> str:
    """The nearest that the region sells; where it may not be asked, of the types that this boto3 knows."""
    shape: Any = ec2.meta.service_model.shape_for("InstanceType")  # a StringShape, which has `enum`
    known = sorted(offers.sold_in(ec2, "")) or list[str](shape.enum)
    near = difflib.get_close_matches(asked, known, n=3)
    return f"; did you mean {' or '.join(near)}?" if near else ""
