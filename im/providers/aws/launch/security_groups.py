"""Security groups of ours: one per deployment, VPC and *set of rules*, named after the rules, and holding exactly these.

Not one group for all: its rules would be the sum of what everybody wants, and a port that one person opens would be open on
everybody's machines. So the rules of a group never change; two people at two addresses have two groups, one person at one
address has one, however many machines. What somebody adds to a group by hand is taken out again at the next launch into it,
and `im gc` removes the groups that nothing uses.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from im.domain import tags
from im.domain.spec.firewall import Rule, sentence
from im.providers.aws.api.errors import cloud_code, translated
from im.providers.errors import InvalidSpec, ProviderError, Unavailable

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client

_LOOKS = 4
"""Times a group is looked at, while others work on it too, before we leave it for later."""
_DESCRIPTION = 255
"""Characters EC2 allows, of a small alphabet."""


def group_name(rules: Sequence[Rule], deployment: str) -> str:
    """`im-<deployment>-<hash of the rules>`; unique within a VPC."""
    written = ",".join(str(one) for one in sorted(rules))
    return f"im-{deployment[:8]}-{hashlib.sha256(written.encode()).hexdigest()[:16]}"


def ensure_group(ec2: EC2Client, rules: Sequence[Rule], deployment: str, vpc: str, carried: Mapping[str, str]) -> str:
    """The id of the group with exactly these rules, made or mended as needed. Raises ProviderError.

    `carried`: the person's tags, which a new one carries beside ours.
    """
    name, wanted = group_name(rules, deployment), set(rules)
    for _ in range(_LOOKS):
        found = _find(ec2, name, vpc)
        if found is None:
            _create(ec2, name, rules, {**carried, tags.DEPLOYMENT: deployment, tags.NAME: name}, vpc)
            continue
        _refuse_if_not_ours(found, name, deployment)
        have = _ways_in(found["IpPermissions"])
        missing = [one for one in rules if one not in have]
        extra = [permission for rule, permission in have.items() if rule not in wanted]
        if not missing and not extra:
            return str(found["GroupId"])
        _change(ec2, found["GroupId"], [_permission(one) for one in missing], extra)
    raise Unavailable(f"the security group {name} keeps changing under our hands")


def _find(ec2: EC2Client, name: str, vpc: str) -> Any | None:
    filters: Any = [{"Name": "group-name", "Values": [name]}, {"Name": "vpc-id", "Values": [vpc]}]
    with translated():
        found = ec2.describe_security_groups(Filters=filters)["SecurityGroups"]
    return found[0] if found else None


def _create(ec2: EC2Client, name: str, rules: Sequence[Rule], carried: Mapping[str, str], vpc: str) -> None:
    tag = [{"Key": key, "Value": value} for key, value in carried.items()]
    said = f"im: {sentence(rules)}".replace("·", ";")[:_DESCRIPTION]
    try:
        with translated():
            ec2.create_security_group(
                GroupName=name,
                Description=said,
                VpcId=vpc,
                TagSpecifications=[{"ResourceType": "security-group", "Tags": tag}],  # type: ignore[misc,list-item]
            )
    except ProviderError as exc:
        if cloud_code(exc) != "InvalidGroup.Duplicate":  # another worker was first: look again
            raise


def _refuse_if_not_ours(found: Any, name: str, deployment: str) -> None:
    carries = {tag["Key"]: tag["Value"] for tag in found.get("Tags", [])}
    if carries.get(tags.DEPLOYMENT) != deployment:
        raise InvalidSpec(
            f"the security group {name} is there and not ours; delete it, or name one with --security-group"
        )


def _change(ec2: EC2Client, group: str, missing: list[Any], extra: list[Any]) -> None:
    try:
        with translated():
            if extra:
                ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=extra)
            if missing:
                ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=missing)
    except ProviderError as exc:
        # others are at it as well, or a newborn group is not known everywhere yet: look again
        if cloud_code(exc) not in (
            "InvalidPermission.Duplicate",
            "InvalidPermission.NotFound",
            "InvalidGroup.NotFound",
        ):
            raise


def _permission(rule: Rule) -> dict[str, Any]:
    base: dict[str, Any] = {"IpProtocol": rule.protocol, "FromPort": rule.first, "ToPort": rule.last}
    if ":" in rule.source:
        return {**base, "Ipv6Ranges": [{"CidrIpv6": rule.source}]}
    return {**base, "IpRanges": [{"CidrIp": rule.source}]}


def _ways_in(permissions: Sequence[Any]) -> dict[Rule | str, dict[str, Any]]:
    """Each way in on its own → how EC2 wants it named to revoke it; one we have no rule for goes by its own text."""
    found: dict[Rule | str, dict[str, Any]] = {}
    for one in permissions:
        base = {key: one[key] for key in ("IpProtocol", "FromPort", "ToPort") if key in one}
        ports = (str(one["IpProtocol"]), int(one.get("FromPort", -1)), int(one.get("ToPort", -1)))
        for many, single in (("IpRanges", "CidrIp"), ("Ipv6Ranges", "CidrIpv6")):
            for source in one.get(many, []):
                found[Rule(*ports, source[single])] = {**base, many: [{single: source[single]}]}
        for many, single in (("PrefixListIds", "PrefixListId"), ("UserIdGroupPairs", "GroupId")):
            for source in one.get(many, []):
                found[f"{ports} {source[single]}"] = {**base, many: [{single: source[single]}]}
    return found
