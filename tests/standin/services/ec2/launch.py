"""RunInstances: the request checked against what there is, the token, the limits, the room; then the machines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.standin import lifecycle, model, mould, stock
from tests.standin.errors import AwsError, invalid, no_capacity
from tests.standin.machine import OCCUPYING, Disk, Facts, Machine
from tests.standin.region import Region
from tests.standin.registry import Call, action
from tests.standin.services.ec2.groups import launch_groups
from tests.standin.services.ec2.spot import spot_price
from tests.standin.services.ec2.tags import check_policy, check_tags, tags_for

MOST_USER_DATA = 16 * 1024 * 4 // 3 + 4
"""Characters: 16 KB in base64."""


@action("ec2", "RunInstances", mutating=True)
def run_instances(call: Call) -> model.Raw:
    region, asked = call.region, call.asked
    zone = _asked_zone(region, asked)
    token = asked.get("ClientToken", "")
    earlier = region.tokens.earlier(token, zone or "", asked, call.now) if token else None
    if earlier is not None:
        call.effects["token"] = "used before: the same machines are shown again"
        return _answer(region, earlier)
    least, most = _counts(asked)
    kind, image = _type(asked), _image(region, asked)
    _check_interface(asked)
    check_policy(region, asked, *_made(asked))
    _check_sold(region, zone, kind)
    chosen, number = _room(region, zone, kind, least, most)
    facts = _facts(region, asked, kind, image, chosen)
    if facts.lifecycle == "spot":
        if not kind.spot:
            raise AwsError("Unsupported", f"The instance type '{kind.name}' is not supported for Spot Instances.")
        region.spot.check(asked, spot_price(region, chosen, kind.name))
    _check_quota(region, kind, number)
    made = [_make(call, facts, index) for index in range(number)]
    reservation = f"r-{region.new_hex()}"
    for machine in made:
        machine.reservation = reservation
    if token:
        region.tokens.used(token, zone or "", asked, made)
    shown = _answer(region, made)
    for machine in made:
        lifecycle.launch(region, machine)
    return shown


def _answer(region: Region, machines: list[Machine]) -> model.Raw:
    first = machines[0].reservation
    shown = "".join(mould.instance(one) for one in machines)
    return model.Raw(
        f"<reservationId>{first}</reservationId><ownerId>{region.account}</ownerId><groupSet/>"
        f"<instancesSet>{shown}</instancesSet>"
    )


def _made(asked: Mapping[str, Any]) -> list[str]:
    """The kinds of resources that a launch makes."""
    spot = (asked.get("InstanceMarketOptions") or {}).get("MarketType") == "spot"
    return ["instance", "volume", "network-interface", *(["spot-instances-request"] if spot else [])]


def _check_interface(asked: Mapping[str, Any]) -> None:
    if not asked.get("NetworkInterfaces"):
        return
    for name, what in (("SubnetId", "subnet ID"), ("SecurityGroupIds", "security groups")):
        if asked.get(name):
            raise AwsError(
                "InvalidParameterCombination",
                f"Network interfaces and an instance-level {what} may not be specified on the same request",
            )


def _public(region: Region, zone: str, asked: Mapping[str, Any]) -> bool:
    """As the first interface says, else as the subnet does."""
    wished = (asked.get("NetworkInterfaces") or [{}])[0].get("AssociatePublicIpAddress")
    return zone not in region.private_zones if wished is None else bool(wished)


def _make(call: Call, facts: Facts, index: int) -> Machine:
    region, asked = call.region, call.asked
    machine = region.make(facts, tags_for(asked, "instance"), tags_for(asked, "volume"))
    machine.index = index
    machine.interface_tags = tags_for(asked, "network-interface")
    machine.token = asked.get("ClientToken", "")
    machine.protected = asked.get("DisableApiTermination", False)
    machine.stop_protected = asked.get("DisableApiStop", False)
    machine.shutdown_behavior = asked.get("InstanceInitiatedShutdownBehavior", "stop")
    machine.user_data = asked.get("UserData")
    machine.visible_at = call.now + call.cloud.delay("visible")
    machine.doomed = region.dooms.pop(0) if region.dooms else None
    if facts.lifecycle == "spot":
        region.spot.open(machine, asked, tags_for(asked, "spot-instances-request"))
    return machine


# ---- what was asked --------------------------------------------------------------------------------------------------


def _counts(asked: Mapping[str, Any]) -> tuple[int, int]:
    least, most = asked.get("MinCount", 1), asked.get("MaxCount", 1)
    if not 1 <= least <= most:
        raise invalid(
            f"Invalid value '{most}' for InstanceCount. MaxCount must be at least MinCount, and both at least 1."
        )
    check_tags(asked)
    if len(asked.get("UserData") or "") > MOST_USER_DATA:
        raise invalid("User data is limited to 16384 bytes")
    return least, most


def _asked_zone(region: Region, asked: Mapping[str, Any]) -> str | None:
    zone = (asked.get("Placement") or {}).get("AvailabilityZone")
    interfaces = asked.get("NetworkInterfaces") or [{}]
    subnet = asked.get("SubnetId") or interfaces[0].get("SubnetId")
    if zone and zone not in region.zones:
        raise invalid(f"Invalid availability zone: [{zone}]")
    if not subnet:
        return zone or None
    found = next((one for one, name in region.subnets.items() if name == subnet), None)
    if found is None:
        raise AwsError("InvalidSubnetID.NotFound", f"The subnet ID '{subnet}' does not exist")
    if zone and zone != found:
        raise invalid(f"The subnet '{subnet}' is in the availability zone {found}, not in {zone}")
    return found


def _type(asked: Mapping[str, Any]) -> stock.InstanceType:
    name = asked.get("InstanceType", "m1.small")
    if name not in stock.TYPES:
        raise invalid(f"Invalid value '{name}' for InstanceType.")
    return stock.TYPES[name]


def _check_sold(region: Region, zone: str | None, kind: stock.InstanceType) -> None:
    selling = [one for one in region.zones if region.sells(one, kind.name)]
    if not selling:
        raise AwsError(
            "Unsupported",
            "The requested configuration is currently not supported. Please check the documentation for supported "
            "configurations.",
        )
    if zone and zone not in selling:
        raise AwsError(
            "Unsupported",
            f"Your requested instance type ({kind.name}) is not supported in your requested Availability Zone ({zone}). "
            f"Please retry your request by not specifying an Availability Zone or choosing {', '.join(selling)}.",
        )


def _image(region: Region, asked: Mapping[str, Any]) -> stock.Image:
    name = asked.get("ImageId")
    if not name:
        raise AwsError("MissingParameter", "The request must contain the parameter ImageId")
    found = stock.images(region.name).get(name)
    if found is None:
        raise AwsError("InvalidAMIID.NotFound", f"The image id '[{name}]' does not exist")
    return found


def _facts(region: Region, asked: Mapping[str, Any], kind: stock.InstanceType, image: stock.Image, zone: str) -> Facts:
    if kind.architecture != image.architecture:
        raise invalid(
            f"The architecture '{kind.architecture}' of the specified instance type does not match the architecture "
            f"'{image.architecture}' of the specified AMI. Specify an instance type and an AMI that have matching "
            "architectures, and try again."
        )
    key = asked.get("KeyName")
    if key and key not in region.keys:
        raise AwsError("InvalidKeyPair.NotFound", f"The key pair '{key}' does not exist")
    hibernation = (asked.get("HibernationOptions") or {}).get("Configured", False)
    disks = _disks(asked, image)
    if hibernation:
        _check_hibernation(kind, disks[0])
    market = asked.get("InstanceMarketOptions") or {}
    spot = market.get("MarketType") == "spot"
    profile = asked.get("IamInstanceProfile") or {}
    _check_profile(region, profile)
    return Facts(
        account=region.account,
        image=image.id,
        instance_type=kind.name,
        architecture=kind.architecture,
        vcpus=kind.vcpus,
        zone=zone,
        subnet=region.subnets[zone],
        vpc=region.vpc,
        key_name=key,
        groups=launch_groups(region, asked),
        disks=disks,
        root_device=image.root_device,
        windows=image.windows,
        http_tokens=(asked.get("MetadataOptions") or {}).get("HttpTokens", "optional"),
        hibernation=hibernation,
        public=_public(region, zone, asked),
        lifecycle="spot" if spot else None,
        can_stop=not spot or (market.get("SpotOptions") or {}).get("SpotInstanceType") == "persistent",
        monitoring="enabled" if (asked.get("Monitoring") or {}).get("Enabled") else "disabled",
        profile=profile.get("Arn") or (_profile_arn(region, profile["Name"]) if profile.get("Name") else None),
    )


def _check_hibernation(kind: stock.InstanceType, root: Disk) -> None:
    if not kind.hibernation:
        raise AwsError(
            "UnsupportedHibernationConfiguration", f"The instance type {kind.name} does not support hibernation."
        )
    if not root.encrypted:
        raise AwsError("UnsupportedHibernationConfiguration", "Hibernation needs an encrypted root volume.")


def _check_profile(region: Region, profile: Mapping[str, str]) -> None:
    for field, what in (("name", "Name"), ("arn", "Arn")):
        asked = profile.get(what)
        known = (region.profiles or {}).get((asked or "").rpartition("/")[2])
        if asked and region.profiles is not None and (known is None or region.cloud.now < known):
            told = "name" if what == "Name" else "ARN"
            raise invalid(
                f"Value ({asked}) for parameter iamInstanceProfile.{field} is invalid. Invalid IAM Instance Profile {told}"
            )


def _profile_arn(region: Region, name: str) -> str:
    return f"arn:{stock.partition_of(region.name)}:iam::{region.account}:instance-profile/{name}"


def _disks(asked: Mapping[str, Any], image: stock.Image) -> tuple[Disk, ...]:
    """The image's root disk first, then the others, with what the request says of each."""
    given = {one["DeviceName"]: one.get("Ebs") or {} for one in asked.get("BlockDeviceMappings") or ()}
    root = _disk(image.root_device, given.pop(image.root_device, {}), image.size)
    return (root, *(_disk(device, ebs, 0) for device, ebs in given.items()))


def _disk(device: str, ebs: Mapping[str, Any], default_size: int) -> Disk:
    size, kind = ebs.get("VolumeSize", default_size), ebs.get("VolumeType", "gp3")
    if size < max(1, default_size):
        raise AwsError(
            "InvalidBlockDeviceMapping",
            f"Volume of size {size}GB is smaller than snapshot, expect size >= {default_size}GB",
        )
    keys = ("Iops", "Throughput", "KmsKeyId", "SnapshotId")
    iops, throughput, kms, snapshot = (ebs.get(key) for key in keys)
    if kms and not ebs.get("Encrypted"):
        raise AwsError(
            "InvalidParameterDependency", "The parameter KmsKeyId requires the parameter Encrypted to be set."
        )
    if iops and kind not in ("gp3", "io1", "io2"):
        raise AwsError("InvalidParameterCombination", f"The parameter iops is not supported for {kind} volumes.")
    keep = not ebs.get("DeleteOnTermination", bool(default_size))
    return Disk(device, size, kind, ebs.get("Encrypted", False), keep, iops, throughput, kms, snapshot)


# ---- limits and room -------------------------------------------------------------------------------------------------


def _check_quota(region: Region, kind: stock.InstanceType, number: int) -> None:
    running = [one for one in region.everything if one.state in OCCUPYING] if _limited(region) else []
    if region.instance_limit is not None and len(running) + number > region.instance_limit:
        raise AwsError(
            "InstanceLimitExceeded",
            f"You have requested more instances ({len(running) + number}) than your current instance limit of "
            f"{region.instance_limit} allows for the specified instance type. Please visit "
            "http://aws.amazon.com/contact-us/ec2-request to request an adjustment to this limit.",
        )
    vcpus = sum(one.facts.vcpus for one in running) + kind.vcpus * number
    if region.vcpu_limit is not None and vcpus > region.vcpu_limit:
        raise AwsError(
            "VcpuLimitExceeded",
            f"You have requested more vCPU capacity than your current vCPU limit of {region.vcpu_limit} allows for the "
            "instance bucket that the specified instance type belongs to. Please visit "
            "http://aws.amazon.com/contact-us/ec2-request to request an adjustment to this limit.",
        )


def _limited(region: Region) -> bool:
    return region.instance_limit is not None or region.vcpu_limit is not None


def _room(region: Region, zone: str | None, kind: stock.InstanceType, least: int, most: int) -> tuple[str, int]:
    """(zone, how many): the zone asked for, or the first that takes enough."""
    zones = [zone] if zone else [one for one in region.zones if region.sells(one, kind.name)]
    rooms = {one: region.room(one, kind.name) for one in zones}
    for one, room in rooms.items():
        if room >= least:
            return one, min(room, most)
    others = [one for one in region.zones if one not in rooms and region.room(one, kind.name) >= least]
    raise no_capacity(kind.name, zone or ", ".join(rooms), others)
