"""Machines as EC2 shows them, thousands per answer: cast from moulds that are rendered once per kind of machine.

A mould is the answer's markup with holes where machines differ; it is made by the same writer as every other answer, so its
names are the model's. Filling one takes microseconds, where boto3 takes most of a millisecond to read the result.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any
from xml.sax.saxutils import escape

from tests.standin import model
from tests.standin.clock import iso
from tests.standin.machine import CODES, Facts, Machine

_SURROGATE = re.compile("[\ud800-\udfff]")
_HOLE = re.compile("\ue000(\\w+)\ue001")


def _hole(name: str) -> Any:
    return f"\ue000{name}\ue001"


def _cast(markup: str) -> str:
    """Markup with holes → a %-format with named fields."""
    return _HOLE.sub(r"%(\1)s", markup.replace("%", "%%"))


def instance(machine: Machine) -> str:
    """`<item>…</item>` of an instancesSet."""
    facts, state = machine.facts, machine.state
    private, public = machine.private_ip, machine.public_ip
    mould = _instance_mould(
        facts, public is not None, private is not None, machine.state_reason is not None, bool(machine.tags)
    )
    launched, hexed = iso(machine.launched), machine.id[2:]
    code, message = machine.state_reason or ("", "")
    return mould % {
        "id": machine.id,
        "hex": hexed,
        "code": CODES[state],
        "state": state,
        "dashed": private.replace(".", "-") if private else "",
        "private": private,
        "public_dashed": public.replace(".", "-") if public else "",
        "public": public,
        "reason": machine.reason,
        "index": machine.index,
        "launched": launched,
        "token": escape(machine.token),
        "spot": machine.spot_request,
        "reason_code": code,
        "reason_message": escape(message),
        "tags": tags(machine.tags),
        "disks": _disks(machine),
        "mac": f"{hexed[:2]}:{hexed[2:4]}:{hexed[4:6]}:{hexed[6:8]}:{hexed[8:10]}:{hexed[10:12]}",
    }


def status(machine: Machine) -> str:
    """`<item>…</item>` of an instanceStatusSet."""
    state = machine.state
    return _status_mould(machine.facts.zone, state == "running") % {
        "id": machine.id,
        "code": CODES[state],
        "state": state,
    }


def reservations(machines: Iterable[Machine], account: str) -> list[str]:
    """`<item>…</item>` pieces of a reservationSet; neighbours of one launch share theirs, as a page shows them."""
    pieces: list[str] = []
    last = ""
    for machine in machines:
        if machine.reservation != last:
            if last:
                pieces.append("</instancesSet></item>")
            last = machine.reservation
            pieces.append(
                f"<item><reservationId>{last}</reservationId><ownerId>{account}</ownerId><groupSet/><instancesSet>"
            )
        pieces.append(instance(machine))
    if last:
        pieces.append("</instancesSet></item>")
    return pieces


def tags(found: dict[str, str]) -> str:
    """The inside of a tagSet."""
    return "".join([f"<item><key>{_text(k)}</key><value>{_text(v)}</value></item>" for k, v in found.items()])


def _text(given: str) -> str:
    """Half a character, which no UTF-8 can hold, as a reference; what else no XML may hold goes out as it is."""
    return _SURROGATE.sub(lambda half: f"&#x{ord(half[0]):x};", escape(given))


def _disks(machine: Machine) -> str:
    """The inside of a blockDeviceMapping."""
    return "".join(
        [
            f"<item><deviceName>{one.disk.device}</deviceName><ebs><volumeId>{one.id}</volumeId><status>attached</status>"
            f"<attachTime>{iso(one.created)}</attachTime>"
            f"<deleteOnTermination>{'false' if one.disk.keep else 'true'}</deleteOnTermination></ebs></item>"
            for one in machine.volumes
        ]
    )


@lru_cache(512)
def _status_mould(zone: str, running: bool) -> str:
    word = "ok" if running else "not-applicable"
    summary: dict[str, Any] = {"Status": word}
    if running:
        summary["Details"] = [{"Name": "reachability", "Status": "passed"}]
    shape = model.service("ec2").shape_for("InstanceStatus")
    shown = {
        "InstanceId": _hole("id"),
        "AvailabilityZone": zone,
        "InstanceState": {"Code": _hole("code"), "Name": _hole("state")},
        "SystemStatus": summary,
        "InstanceStatus": summary,
        "AttachedEbsStatus": summary,
    }
    return _cast(model.write(shape, shown, "item"))


@lru_cache(4096)
def _instance_mould(facts: Facts, public: bool, private: bool, reason: bool, tagged: bool) -> str:
    shown: dict[str, Any] = {
        "InstanceId": _hole("id"),
        "ImageId": facts.image,
        "State": {"Code": _hole("code"), "Name": _hole("state")},
        "StateTransitionReason": _hole("reason"),
        "StateReason": {"Code": _hole("reason_code"), "Message": _hole("reason_message")} if reason else None,
        "KeyName": facts.key_name,
        "AmiLaunchIndex": _hole("index"),
        "ProductCodes": [],
        "InstanceType": facts.instance_type,
        "LaunchTime": _hole("launched"),
        "Placement": {"AvailabilityZone": facts.zone, "GroupName": "", "Tenancy": "default"},
        "Monitoring": {"State": facts.monitoring},
        "RootDeviceName": facts.root_device,
        "RootDeviceType": "ebs",
        "BlockDeviceMappings": model.Raw(_hole("disks")),
        "ClientToken": _hole("token"),
        "Tags": model.Raw(_hole("tags")) if tagged else None,
        "IamInstanceProfile": {"Arn": facts.profile, "Id": "AIPASTANDIN"} if facts.profile else None,
        "InstanceLifecycle": facts.lifecycle,
        "SpotInstanceRequestId": _hole("spot") if facts.lifecycle else None,
        **_network(facts, public, private),
        **_platform(facts),
    }
    return _cast(model.write(model.service("ec2").shape_for("Instance"), shown, "item"))


def _network(facts: Facts, public: bool, private: bool) -> dict[str, Any]:
    """A terminated machine has none of it, a stopped one nothing public."""
    groups = [{"GroupId": group, "GroupName": name} for group, name in facts.groups]
    return {
        "PrivateDnsName": f"ip-{_hole('dashed')}.ec2.internal" if private else "",
        "PublicDnsName": f"ec2-{_hole('public_dashed')}.compute-1.amazonaws.com" if public else "",
        "SubnetId": facts.subnet if private else None,
        "VpcId": facts.vpc if private else None,
        "PrivateIpAddress": _hole("private") if private else None,
        "PublicIpAddress": _hole("public") if public else None,
        "NetworkInterfaces": [_interface(facts, groups, public)] if private else [],
        "SecurityGroups": groups if private else [],
        "SourceDestCheck": True if private else None,
    }


def _platform(facts: Facts) -> dict[str, Any]:
    """What EC2 says of every machine of a kind, so that an answer is as long to read as a real one."""
    return {
        "Platform": "windows" if facts.windows else None,
        "PlatformDetails": "Windows" if facts.windows else "Linux/UNIX",
        "UsageOperation": "RunInstances:0002" if facts.windows else "RunInstances",
        "UsageOperationUpdateTime": _hole("launched"),
        "Architecture": facts.architecture,
        "VirtualizationType": "hvm",
        "Hypervisor": "xen",
        "EbsOptimized": False,
        "EnaSupport": True,
        "CpuOptions": {"CoreCount": max(1, facts.vcpus // 2), "ThreadsPerCore": 2 if facts.vcpus > 1 else 1},
        "CapacityReservationSpecification": {"CapacityReservationPreference": "open"},
        "HibernationOptions": {"Configured": facts.hibernation},
        "MetadataOptions": {
            "State": "applied",
            "HttpTokens": facts.http_tokens,
            "HttpPutResponseHopLimit": 2,
            "HttpEndpoint": "enabled",
            "HttpProtocolIpv6": "disabled",
            "InstanceMetadataTags": "disabled",
        },
        "EnclaveOptions": {"Enabled": False},
        "BootMode": "uefi-preferred",
        "PrivateDnsNameOptions": {
            "HostnameType": "ip-name",
            "EnableResourceNameDnsARecord": False,
            "EnableResourceNameDnsAAAARecord": False,
        },
        "MaintenanceOptions": {"AutoRecovery": "default"},
        "CurrentInstanceBootMode": "uefi" if facts.architecture == "arm64" else "legacy-bios",
    }


def _interface(facts: Facts, groups: list[dict[str, str]], public: bool) -> dict[str, Any]:
    private_name = f"ip-{_hole('dashed')}.ec2.internal"
    outside = {
        "IpOwnerId": "amazon",
        "PublicDnsName": f"ec2-{_hole('public_dashed')}.compute-1.amazonaws.com",
        "PublicIp": _hole("public"),
    }
    return {
        "Association": outside if public else None,
        "Attachment": {
            "AttachTime": _hole("launched"),
            "AttachmentId": f"eni-attach-{_hole('hex')}",
            "DeleteOnTermination": True,
            "DeviceIndex": 0,
            "Status": "attached",
            "NetworkCardIndex": 0,
        },
        "Description": "",
        "Groups": groups,
        "Ipv6Addresses": [],
        "MacAddress": _hole("mac"),
        "NetworkInterfaceId": f"eni-{_hole('hex')}",
        "OwnerId": facts.account,
        "PrivateDnsName": private_name,
        "PrivateIpAddress": _hole("private"),
        "PrivateIpAddresses": [
            {
                "Association": outside if public else None,
                "Primary": True,
                "PrivateDnsName": private_name,
                "PrivateIpAddress": _hole("private"),
            }
        ],
        "SourceDestCheck": True,
        "Status": "in-use",
        "SubnetId": facts.subnet,
        "VpcId": facts.vpc,
        "InterfaceType": "interface",
    }
