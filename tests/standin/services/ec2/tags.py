"""CreateTags, DeleteTags, DescribeTags, and the tags that come with a launch or a create."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tests.standin import filters
from tests.standin.errors import AwsError, invalid
from tests.standin.region import Region
from tests.standin.registry import Call, action

MOST = 50
"""Tags on one resource."""
_KINDS = {
    "i": "instance",
    "vol": "volume",
    "key": "key-pair",
    "sg": "security-group",
    "sir": "spot-instances-request",
    "eni": "network-interface",
}
_NOT_FOUND = {
    "vol": ("InvalidVolume.NotFound", "The volume '{}' does not exist."),
    "key": ("InvalidKeyPair.NotFound", "The key pair ID '{}' does not exist"),
    "sg": ("InvalidGroup.NotFound", "The security group '{}' does not exist"),
    "sir": ("InvalidSpotInstanceRequestID.NotFound", "The spot instance request ID '{}' does not exist"),
}


def shown(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def tags_for(asked: Mapping[str, Any], kind: str) -> dict[str, str]:
    """The tags that a request gives to resources of one kind."""
    given = [one for one in asked.get("TagSpecifications") or () if one.get("ResourceType") == kind]
    return {tag["Key"]: tag.get("Value", "") for one in given for tag in one.get("Tags") or ()}


def check_tags(asked: Mapping[str, Any]) -> None:
    """Raises for tags that EC2 refuses in a request that creates something."""
    for one in asked.get("TagSpecifications") or ():
        tags = one.get("Tags") or ()
        if len({tag["Key"] for tag in tags}) < len(tags):
            raise invalid("Duplicate tag keys are not allowed")
        _check({tag["Key"]: tag.get("Value", "") for tag in tags})


def check_policy(region: Region, asked: Mapping[str, Any], *kinds: str) -> None:
    """Raises where the account's policy demands tags that the request does not put on something that it makes."""
    for kind in kinds:
        if missing := set(region.demanded) - set(tags_for(asked, kind)):
            raise AwsError(
                "UnauthorizedOperation",
                f"You are not authorized to perform this operation. The {kind} would be without the tag {min(missing)}, "
                "with an explicit deny in a service control policy",
                403,
            )


def _check(tags: Mapping[str, str]) -> None:
    for key, value in tags.items():
        if not 0 < len(key) <= 128 or len(value) > 256:
            raise invalid(f"Tag key '{key[:40]}' or its value is too long, or the key is empty")
        if key.lower().startswith("aws:"):
            raise invalid("Tag keys starting with 'aws:' are reserved for internal use")
    if len(tags) > MOST:
        raise AwsError("TagLimitExceeded", f"The maximum number of tags for a resource is {MOST}")


@action("ec2", "CreateTags", mutating=True)
def create_tags(call: Call) -> dict[str, Any]:
    given = {tag["Key"]: tag.get("Value", "") for tag in call.asked.get("Tags") or ()}
    _check(given)
    held = _held(call)
    for tags in held.values():
        if len(tags | given) > MOST:
            raise AwsError("TagLimitExceeded", f"The maximum number of tags for a resource is {MOST}")
    for one, tags in held.items():
        _put(call.region, one, tags | given)
        call.effects[one] = f"tagged {', '.join(given)}"
    return {}


@action("ec2", "DeleteTags", mutating=True)
def delete_tags(call: Call) -> dict[str, Any]:
    """A value that is given has to match; no tags at all means every one."""
    given = call.asked.get("Tags") or []
    for one, tags in _held(call).items():
        gone = [tag["Key"] for tag in given if "Value" not in tag or tags.get(tag["Key"]) == tag["Value"]]
        _put(call.region, one, {key: value for key, value in tags.items() if given and key not in gone})
        call.effects[one] = f"untagged {', '.join(gone) if given else 'everything'}"
    return {}


@action("ec2", "DescribeTags")
def describe_tags(call: Call) -> dict[str, Any]:
    facets: filters.Facets[tuple[str, str, str]] = {
        "resource-id": lambda one: [one[0]],
        "resource-type": lambda one: [_kind(one[0])],
        "key": lambda one: [one[1]],
        "value": lambda one: [one[2]],
    }
    every = filters.select(_everything(call.region), filters.asked(call.asked), facets, lambda one: {one[1]: one[2]})
    page, more = filters.page(list(every), call.asked, "")
    tags = [{"ResourceId": one, "ResourceType": _kind(one), "Key": key, "Value": value} for one, key, value in page]
    return {"Tags": tags, "NextToken": more}


def _everything(region: Region) -> Iterator[tuple[str, str, str]]:
    now = region.cloud.now
    for machine in region.everything:
        if machine.visible_at <= now:
            yield from ((machine.id, key, value) for key, value in machine.tags.items())
    for machine in (one for one in region.everything if one.private_ip):
        yield from ((f"eni-{machine.id[2:]}", key, value) for key, value in machine.interface_tags.items())
    for volume in region.volumes.values():
        yield from ((volume.id, key, value) for key, value in volume.tags.items())
    others = (("KeyPairId", region.keys), ("GroupId", region.groups), ("SpotInstanceRequestId", region.spot.requests))
    for name, kept in others:
        for one in kept.values():
            yield from ((one[name], key, value) for key, value in one["tags"].items())


def _kind(resource: str) -> str:
    return _KINDS.get(resource.partition("-")[0], "unknown")


def _held(call: Call) -> dict[str, dict[str, str]]:
    """Resource → its tags now. All or nothing: raises for the first that is not there."""
    region, ids = call.region, list(dict.fromkeys(call.asked.get("Resources") or ()))
    if not ids:
        raise AwsError("MissingParameter", "The request must contain the parameter resourceIdSet")
    machines = {one.id: one for one in region.named([one for one in ids if one.startswith("i-")])}
    return {one: machines[one].tags if one in machines else _other(region, one)["tags"] for one in ids}


def _other(region: Region, resource: str) -> dict[str, Any]:
    """What carries the tags of anything but a machine, under `tags`."""
    prefix = resource.partition("-")[0]
    if resource in region.volumes:
        return {"tags": region.volumes[resource].tags}
    kept = [*region.keys.values(), *region.groups.values(), *region.spot.requests.values()]
    for one in kept:
        if resource in (one.get("KeyPairId"), one.get("GroupId"), one.get("SpotInstanceRequestId")):
            return dict(one)
    if prefix not in _NOT_FOUND:
        raise AwsError("InvalidID", f"The ID '{resource}' is not valid")
    code, words = _NOT_FOUND[prefix]
    raise AwsError(code, words.format(resource))


def _put(region: Region, resource: str, tags: dict[str, str]) -> None:
    if resource in region.machines:
        region.retag(region.machines[resource], tags)
    else:
        held = _other(region, resource)["tags"]
        held.clear()
        held.update(tags)
