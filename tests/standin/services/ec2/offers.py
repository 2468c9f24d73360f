"""DescribeImages, DescribeInstanceTypes, DescribeInstanceTypeOfferings: what can be launched."""

from __future__ import annotations

from typing import Any

from tests.standin import filters, stock
from tests.standin.errors import AwsError
from tests.standin.registry import Call, action


@action("ec2", "DescribeImages")
def describe_images(call: Call) -> dict[str, Any]:
    asked, images = call.asked, stock.images(call.region.name)
    ids, owners = asked.get("ImageIds") or (), set(asked.get("Owners") or ())
    missing = [one for one in ids if one not in images]
    if missing:
        word = "ids" if len(missing) > 1 else "id"
        raise AwsError("InvalidAMIID.NotFound", f"The image {word} '[{', '.join(missing)}]' does not exist")
    facets: filters.Facets[stock.Image] = {
        "name": lambda one: [one.name],
        "architecture": lambda one: [one.architecture],
        "owner-id": lambda one: [one.owner],
        "owner-alias": lambda one: [one.owner_alias],
        "image-id": lambda one: [one.id],
        "state": lambda _: ["available"],
        "is-public": lambda _: ["true"],
        "image-type": lambda _: ["machine"],
        "root-device-type": lambda _: ["ebs"],
        "virtualization-type": lambda _: ["hvm"],
        "platform": lambda one: ["windows"] if one.windows else [],
        "description": lambda one: [one.description],
    }
    named = [images[one] for one in ids] if ids else images.values()
    owned = [one for one in named if not owners or owners & {one.owner, one.owner_alias}]
    found = list(filters.select(owned, filters.asked(asked), facets, lambda _: {}))
    page, more = filters.page(found, asked, "ImageIds")
    return {"Images": [_image(one) for one in page], "NextToken": more}


def _image(image: stock.Image) -> dict[str, Any]:
    disk = {
        "DeleteOnTermination": True,
        "SnapshotId": f"snap-{image.id[4:]}",
        "VolumeSize": image.size,
        "VolumeType": "gp3",
        "Encrypted": False,
    }
    return {
        "ImageId": image.id,
        "Name": image.name,
        "Description": image.description,
        "OwnerId": image.owner,
        "ImageOwnerAlias": image.owner_alias or None,
        "ImageLocation": f"{image.owner}/{image.name}",
        "ImageType": "machine",
        "Architecture": image.architecture,
        "CreationDate": image.created,
        "Public": True,
        "State": "available",
        "Platform": "windows" if image.windows else None,
        "PlatformDetails": "Windows" if image.windows else "Linux/UNIX",
        "RootDeviceName": image.root_device,
        "RootDeviceType": "ebs",
        "BlockDeviceMappings": [{"DeviceName": image.root_device, "Ebs": disk}],
        "VirtualizationType": "hvm",
        "Hypervisor": "xen",
        "EnaSupport": True,
    }


@action("ec2", "DescribeInstanceTypes")
def describe_instance_types(call: Call) -> dict[str, Any]:
    asked = call.asked
    names = asked.get("InstanceTypes") or ()
    sold = stock.sold(call.region.name)
    unknown = [one for one in names if one not in sold]
    if unknown:
        raise AwsError(
            "InvalidInstanceType", f"The following supplied instance types do not exist: [{', '.join(unknown)}]"
        )
    facets: filters.Facets[stock.InstanceType] = {
        "instance-type": lambda one: [one.name],
        "processor-info.supported-architecture": lambda one: [one.architecture],
        "hibernation-supported": lambda one: ["true" if one.hibernation else "false"],
        "current-generation": lambda one: ["true"],
        "supported-usage-class": lambda one: ["on-demand", "spot"] if one.spot else ["on-demand"],
    }
    named = [sold[one] for one in names] or list(sold.values())
    found = list(filters.select(named, filters.asked(asked), facets, lambda _: {}))
    page, more = filters.page(found, asked, "InstanceTypes")
    return {"InstanceTypes": [_type(one) for one in page], "NextToken": more}


def _type(one: stock.InstanceType) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "InstanceType": one.name,
        "CurrentGeneration": True,
        "FreeTierEligible": one.name in ("t2.micro", "t3.micro"),
        "SupportedUsageClasses": ["on-demand", "spot"] if one.spot else ["on-demand"],
        "SupportedRootDeviceTypes": ["ebs"],
        "SupportedVirtualizationTypes": ["hvm"],
        "BareMetal": False,
        "ProcessorInfo": {"SupportedArchitectures": [one.architecture]},
        "VCpuInfo": {"DefaultVCpus": one.vcpus},
        "MemoryInfo": {"SizeInMiB": one.memory},
        "InstanceStorageSupported": bool(one.instance_store),
        "HibernationSupported": one.hibernation,
        "BurstablePerformanceSupported": one.name.startswith("t"),
    }
    if one.instance_store:
        shown["InstanceStorageInfo"] = {"TotalSizeInGB": one.instance_store}
    if one.gpus:
        shown["GpuInfo"] = {"Gpus": [{"Count": one.gpus, "Manufacturer": "NVIDIA"}]}
    return shown


@action("ec2", "DescribeInstanceTypeOfferings")
def describe_instance_type_offerings(call: Call) -> dict[str, Any]:
    kind = call.asked.get("LocationType", "region")
    places = call.region.zones if kind == "availability-zone" else (call.region.name,)
    offers = [
        {"InstanceType": name, "LocationType": kind, "Location": at}
        for at in places
        for name in stock.sold(call.region.name)
        if (at, name) not in call.region.unsold
    ]
    facets: filters.Facets[dict[str, str]] = {
        "instance-type": lambda one: [one["InstanceType"]],
        "location": lambda one: [one["Location"]],
    }
    found = list(filters.select(offers, filters.asked(call.asked), facets, lambda _: {}))
    page, more = filters.page(found, call.asked, "")
    return {"InstanceTypeOfferings": page, "NextToken": more}
