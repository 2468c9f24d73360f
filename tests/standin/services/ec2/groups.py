"""Security groups of the default VPC, and the rules that let traffic in and out."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any

from tests.standin import filters, stock
from tests.standin.errors import AwsError, invalid
from tests.standin.region import Region
from tests.standin.registry import Call, action
from tests.standin.services.ec2.tags import check_policy, check_tags, shown, tags_for

Rule = tuple[str, int, int, str, str]
"""(protocol, first port, last port, kind of source, source)."""
EVERYWHERE: Rule = ("-1", -1, -1, "ip", "0.0.0.0/0")
_SOURCES = {
    "ip": ("IpRanges", "CidrIp"),
    "ip6": ("Ipv6Ranges", "CidrIpv6"),
    "group": ("UserIdGroupPairs", "GroupId"),
    "list": ("PrefixListIds", "PrefixListId"),
}


def groups_of(region: Region) -> dict[str, dict[str, Any]]:
    """Every group by id; the default one is there from the beginning."""
    if not any(one["GroupName"] == "default" for one in region.groups.values()):
        _add(region, "default", "default VPC security group", {})
    return region.groups


def launch_groups(region: Region, asked: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """(id, name) of the groups that a launch names, or of the default one. Raises for one that is not there."""
    groups = groups_of(region)
    inner = [group for one in asked.get("NetworkInterfaces") or () for group in one.get("Groups") or ()]
    ids, names = [*(asked.get("SecurityGroupIds") or ()), *inner], asked.get("SecurityGroups") or ()
    found = [_find(region, one) for one in ids] + [_by_name(region, name) for name in names]
    if not found:
        found = [one for one in groups.values() if one["GroupName"] == "default"]
    return tuple((one["GroupId"], one["GroupName"]) for one in found)


@action("ec2", "CreateSecurityGroup", mutating=True)
def create_security_group(call: Call) -> dict[str, Any]:
    asked, region = call.asked, call.region
    check_tags(asked)
    check_policy(region, asked, "security-group")
    name = asked["GroupName"]
    if asked.get("VpcId", region.vpc) != region.vpc:
        raise AwsError("InvalidVpcID.NotFound", f"The vpc ID '{asked['VpcId']}' does not exist")
    if any(one["GroupName"] == name for one in groups_of(region).values()):
        raise AwsError("InvalidGroup.Duplicate", f"The security group '{name}' already exists for VPC '{region.vpc}'")
    made = _add(region, name, asked["Description"], tags_for(asked, "security-group"))
    call.effects[made["GroupId"]] = "created"
    return {"GroupId": made["GroupId"], "Tags": shown(made["tags"]), "SecurityGroupArn": _arn(region, made["GroupId"])}


@action("ec2", "DeleteSecurityGroup", mutating=True)
def delete_security_group(call: Call) -> dict[str, Any]:
    group = _asked(call)
    if group["GroupName"] == "default":
        raise AwsError(
            "CannotDelete", f'the specified group: "{group["GroupId"]}" name: "default" cannot be deleted by a user'
        )
    if any(
        group["GroupId"] == held
        for one in call.region.everything
        if one.state != "terminated"
        for held, _ in one.facts.groups
    ):
        raise AwsError("DependencyViolation", f"resource {group['GroupId']} has a dependent object")
    del call.region.groups[group["GroupId"]]
    call.effects[group["GroupId"]] = "deleted"
    return {"Return": True, "GroupId": group["GroupId"]}


@action("ec2", "DescribeSecurityGroups")
def describe_security_groups(call: Call) -> dict[str, Any]:
    asked, region = call.asked, call.region
    groups = groups_of(region)
    named = [_find(region, one) for one in asked.get("GroupIds") or ()]
    named += [_by_name(region, name) for name in asked.get("GroupNames") or ()]
    facets: filters.Facets[dict[str, Any]] = {
        "group-id": lambda one: [one["GroupId"]],
        "group-name": lambda one: [one["GroupName"]],
        "vpc-id": lambda one: [region.vpc],
        "owner-id": lambda one: [region.account],
        "description": lambda one: [one["Description"]],
    }
    found = filters.select(named or groups.values(), filters.asked(asked), facets, lambda one: one["tags"])
    page, more = filters.page(list(found), asked, "GroupIds")
    return {"SecurityGroups": [_shown(region, one) for one in page], "NextToken": more}


@action("ec2", "AuthorizeSecurityGroupIngress", mutating=True)
def authorize_ingress(call: Call) -> dict[str, Any]:
    return _authorize(call, "in")


@action("ec2", "AuthorizeSecurityGroupEgress", mutating=True)
def authorize_egress(call: Call) -> dict[str, Any]:
    return _authorize(call, "out")


@action("ec2", "RevokeSecurityGroupIngress", mutating=True)
def revoke_ingress(call: Call) -> dict[str, Any]:
    return _revoke(call, "in")


@action("ec2", "RevokeSecurityGroupEgress", mutating=True)
def revoke_egress(call: Call) -> dict[str, Any]:
    return _revoke(call, "out")


def _authorize(call: Call, way: str) -> dict[str, Any]:
    group, rules = _asked(call), _rules(call)
    for rule in rules:
        if rule in group[way]:
            raise AwsError(
                "InvalidPermission.Duplicate", f'the specified rule "peer: {rule[4]}, {rule[0]}" already exists'
            )
    group[way] |= rules
    call.effects[group["GroupId"]] = f"{way} + {'; '.join(_words(one) for one in rules)}"
    return {"Return": True}


def _revoke(call: Call, way: str) -> dict[str, Any]:
    group, rules = _asked(call), _rules(call)
    if any(rule not in group[way] for rule in rules):
        raise AwsError("InvalidPermission.NotFound", "The specified rule does not exist in this security group.")
    for rule in rules:
        del group[way][rule]
    call.effects[group["GroupId"]] = f"{way} - {'; '.join(_words(one) for one in rules)}"
    return {"Return": True}


def _words(rule: Rule) -> str:
    return f"{rule[0]} {rule[1]}-{rule[2]} {rule[4]}"


def _rules(call: Call) -> dict[Rule, str]:
    """Rule → its description."""
    found: dict[Rule, str] = {}
    for one in call.asked.get("IpPermissions") or [_flat(call.asked)]:
        ports = (one.get("FromPort", -1), one.get("ToPort", -1))
        if one.get("IpProtocol") in ("tcp", "udp") and not (0 <= ports[0] <= ports[1] <= 65535):
            raise invalid(f"Invalid value for portRange: {ports[0]}-{ports[1]}")
        for kind, (many, single) in _SOURCES.items():
            for source in one.get(many) or ():
                if kind in ("ip", "ip6"):
                    _check_block(source[single])
                found[one.get("IpProtocol", "-1"), *ports, kind, source[single]] = source.get("Description", "")
    if not found:
        raise AwsError("MissingParameter", "The request must contain the parameter ipPermissions")
    return found


def _flat(asked: Mapping[str, Any]) -> dict[str, Any]:
    return {**asked, "IpRanges": [{"CidrIp": asked["CidrIp"]}] if "CidrIp" in asked else []}


def _check_block(block: str) -> None:
    try:
        ipaddress.ip_network(block)
    except ValueError:
        raise invalid(f"CIDR block {block} is malformed") from None


def _add(region: Region, name: str, description: str, tags: dict[str, str]) -> dict[str, Any]:
    group = {
        "GroupId": f"sg-{region.new_hex()}",
        "GroupName": name,
        "Description": description,
        "tags": tags,
        "in": {},
        "out": {EVERYWHERE: ""},
    }
    region.groups[group["GroupId"]] = group  # type: ignore[index]  # it is a str
    return group


def _asked(call: Call) -> dict[str, Any]:
    if call.asked.get("GroupId"):
        return _find(call.region, call.asked["GroupId"])
    return _by_name(call.region, call.asked.get("GroupName", ""))


def _find(region: Region, group: str) -> dict[str, Any]:
    found = groups_of(region).get(group)
    if found is None:
        raise AwsError("InvalidGroup.NotFound", f"The security group '{group}' does not exist")
    return found


def _by_name(region: Region, name: str) -> dict[str, Any]:
    for one in groups_of(region).values():
        if one["GroupName"] == name:
            return one
    raise AwsError("InvalidGroup.NotFound", f"The security group '{name}' does not exist in default VPC '{region.vpc}'")


def _arn(region: Region, group: str) -> str:
    return f"arn:{stock.partition_of(region.name)}:ec2:{region.name}:{region.account}:security-group/{group}"


def _shown(region: Region, group: dict[str, Any]) -> dict[str, Any]:
    return {
        "GroupId": group["GroupId"],
        "GroupName": group["GroupName"],
        "Description": group["Description"],
        "OwnerId": region.account,
        "VpcId": region.vpc,
        "SecurityGroupArn": _arn(region, group["GroupId"]),
        "IpPermissions": _permissions(region, group["in"]),
        "IpPermissionsEgress": _permissions(region, group["out"]),
        "Tags": shown(group["tags"]),
    }


def _permissions(region: Region, rules: Mapping[Rule, str]) -> list[dict[str, Any]]:
    """Rules of the same protocol and ports are shown as one permission, as at EC2."""
    grouped: dict[tuple[str, int, int], dict[str, Any]] = {}
    for (protocol, first, last, kind, source), description in rules.items():
        ports = {} if protocol == "-1" else {"FromPort": first, "ToPort": last}
        shown_as = {"IpProtocol": protocol, **ports} | {many: [] for many, _ in _SOURCES.values()}
        permission = grouped.setdefault((protocol, first, last), shown_as)
        many, single = _SOURCES[kind]
        owner = {"UserId": region.account} if kind == "group" else {}
        permission[many].append({single: source, **owner, **({"Description": description} if description else {})})
    return list(grouped.values())
