"""The networks of a project: the subnet that it comes with, and security groups with their rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nebius.api.nebius.common.v1 import ResourceMetadata
from nebius.api.nebius.compute.v1 import InstanceSpec
from nebius.api.nebius.vpc.v1 import (
    CreateSecurityGroupRequest,
    CreateSecurityRuleRequest,
    DeleteSecurityGroupRequest,
    DeleteSecurityRuleRequest,
    GetSecurityGroupByNameRequest,
    ListSecurityGroupsRequest,
    ListSecurityGroupsResponse,
    ListSecurityRulesRequest,
    ListSecurityRulesResponse,
    ListSubnetsRequest,
    ListSubnetsResponse,
    SecurityGroup,
    SecurityGroupSpec,
    SecurityRule,
    SecurityRuleSpec,
    Subnet,
    SubnetSpec,
)

from im.standins.nebius import catalog
from im.standins.nebius.errors import bad_state, exists, invalid, not_found
from im.standins.nebius.instances import subnet_of
from im.standins.nebius.pages import page
from im.standins.nebius.tenant import Group, Operation, Tenant

if TYPE_CHECKING:
    from im.standins.nebius.service import Nebius

_GROUPS, _RULES = "vpc.v1.SecurityGroupService", "vpc.v1.SecurityRuleService"
_MOST = 8
"""Ports, and networks, of one rule."""


def register(service: Nebius) -> None:
    service.reads("vpc.v1.SubnetService/List", ListSubnetsRequest, subnets)
    service.changes(f"{_GROUPS}/Create", CreateSecurityGroupRequest, create)
    service.changes(f"{_GROUPS}/Delete", DeleteSecurityGroupRequest, delete)
    service.reads(f"{_GROUPS}/GetByName", GetSecurityGroupByNameRequest, by_name)
    service.reads(f"{_GROUPS}/List", ListSecurityGroupsRequest, groups)
    service.changes(f"{_RULES}/Create", CreateSecurityRuleRequest, add_rule)
    service.changes(f"{_RULES}/Delete", DeleteSecurityRuleRequest, remove_rule)
    service.reads(f"{_RULES}/List", ListSecurityRulesRequest, rules)


def network_of(tenant: Tenant, project: str) -> str:
    return f"{catalog.NETWORK}-{catalog.REGIONS[tenant.region_of(project)]}{tenant.name}"


def subnets(tenant: Tenant, asked: Any) -> Any:
    project = asked.parent_id
    about = ResourceMetadata(id=subnet_of(tenant, project), parent_id=project, name="default-subnet-1")
    there = Subnet(metadata=about, spec=SubnetSpec(network_id=network_of(tenant, project)))
    return page([there], asked, ListSubnetsResponse)


def _shown(one: Group) -> SecurityGroup:
    about = ResourceMetadata(id=one.id, parent_id=one.project, name=one.name, labels=one.labels)
    return SecurityGroup(metadata=about, spec=SecurityGroupSpec(network_id=one.network))


def groups(tenant: Tenant, asked: Any) -> Any:
    tenant.region_of(asked.parent_id)
    there = [_shown(one) for one in tenant.groups.values() if one.project == asked.parent_id]
    return page(there, asked, ListSecurityGroupsResponse)


def by_name(tenant: Tenant, asked: Any) -> Any:
    for one in tenant.groups.values():
        if (one.project, one.name) == (asked.parent_id, asked.name):
            return _shown(one)
    raise not_found(asked.name)


def _group(tenant: Tenant, which: str) -> Group:
    if which not in tenant.groups:
        raise not_found(which)
    return tenant.groups[which]


def create(tenant: Tenant, asked: Any) -> Operation:
    about = asked.metadata
    if asked.spec.network_id != network_of(tenant, about.parent_id):
        raise invalid("spec.network_id", "the network is not found")
    tenant.check_name(about.parent_id, about.name, tenant.groups)
    which = tenant.new_id(catalog.GROUP, about.parent_id)
    tenant.groups[which] = Group(which, about.parent_id, about.name, dict(about.labels), asked.spec.network_id)
    return tenant.operate("CreateSecurityGroupRequest", which, about.parent_id, tenant.takes * 0)


def delete(tenant: Tenant, asked: Any) -> Operation:
    """One that is in use stays, and so does one with rules: it is not said whether they would go with it."""
    one = _group(tenant, asked.id)
    worn = (net for m in tenant.machines.values() for net in InstanceSpec.FromString(m.spec).network_interfaces)
    if one.rules or any(group.id == one.id for net in worn for group in net.security_groups):
        raise bad_state(one.id, "the security group is in use")
    del tenant.groups[one.id]
    return tenant.operate("DeleteSecurityGroupRequest", one.id, one.project, tenant.takes * 0)


def rules(tenant: Tenant, asked: Any) -> Any:
    told = []
    for which, (name, spec) in _group(tenant, asked.parent_id).rules.items():
        about = ResourceMetadata(id=which, parent_id=asked.parent_id, name=name)
        told.append(SecurityRule(metadata=about, spec=SecurityRuleSpec.FromString(spec)))
    return page(told, asked, ListSecurityRulesResponse)


def add_rule(tenant: Tenant, asked: Any) -> Operation:
    about, one = asked.metadata, _group(tenant, asked.metadata.parent_id)
    told = asked.spec.ingress
    if told is not None and max(len(told.destination_ports), len(told.source_cidrs)) > _MOST:
        raise invalid("spec.ingress", f"at most {_MOST} ports and networks")
    if any(name == about.name for name, _ in one.rules.values()):
        raise exists(about.name)
    which = tenant.new_id("vpcsecurityrule", one.project)
    one.rules[which] = (about.name, asked.spec.SerializeToString())
    return tenant.operate("CreateSecurityRuleRequest", which, one.project, tenant.takes * 0)


def remove_rule(tenant: Tenant, asked: Any) -> Operation:
    for one in tenant.groups.values():
        if asked.id in one.rules:
            del one.rules[asked.id]
            return tenant.operate("DeleteSecurityRuleRequest", asked.id, one.project, tenant.takes * 0)
    raise not_found(asked.id)
