"""The plain behaviour that moto has as well: one script of boto3 calls told to both, and the answers compared.

Ids differ from cloud to cloud and are replaced by their place of first mention. Left out is where moto is kinder or other than EC2:
it tags machines that are not there, and refuses a malformed key as InvalidKeyPair.Format.
"""

from __future__ import annotations

import re
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.providers.clouds import moto_server, public_key
from tests.standin.server import StandIn
from tests.standin.tests.conftest import client

ABSENT = "i-0123456789abcdef0"
_ID = re.compile(r"\b(?:i|r|ami|vol|key|sg|eni|eni-attach|subnet|vpc|igw|snap)-[0-9a-f]{8,17}\b")
_LEFT_OUT = {
    *("ResponseMetadata", "ClientToken"),  # botocore makes one up for each call
    "RootDeviceName",  # of the image, which is another one there
}
Step = tuple[str, Any]


class Told:
    """One cloud being told the script: every answer or refusal, with names for what differs by chance."""

    def __init__(self, url: str) -> None:
        self.ec2 = client(url)
        self.url = url
        self.steps: list[Step] = []
        self._names: dict[str, str] = {}

    def ask(self, action: str, show: Callable[[dict[str, Any]], Any] = lambda answer: answer, **asked: Any) -> Any:
        """The answer itself; what `show` picks of it goes into the comparison."""
        try:
            answer = getattr(self.ec2, action)(**asked)
        except ClientError as exc:
            status = exc.response["ResponseMetadata"]["HTTPStatusCode"]
            self.steps.append((action, ("refused", exc.response["Error"]["Code"], status)))
            return None
        self.steps.append((action, self._plain(show(answer))))
        return answer

    def _plain(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {key: self._plain(one) for key, one in sorted(value.items()) if key not in _LEFT_OUT}
        if isinstance(value, list | tuple):
            return [self._plain(one) for one in value]
        if isinstance(value, str):
            return _ID.sub(lambda found: self._names.setdefault(found[0], f"<{len(self._names)}>"), value)
        return value


def machines(*fields: str) -> Callable[[dict[str, Any]], Any]:
    """The named facts of every machine in an answer that shows machines."""

    def pick(answer: dict[str, Any]) -> Any:
        found = [one for group in answer.get("Reservations", [answer]) for one in group["Instances"]]
        return [{name: sorted_tags(one.get(name)) for name in fields} for one in found]

    return pick


def sorted_tags(value: Any) -> Any:
    return (
        sorted(value, key=lambda tag: tag["Key"]) if isinstance(value, list) and value and "Key" in value[0] else value
    )


FACTS = machines(
    *("InstanceId", "State", "InstanceType", "AmiLaunchIndex", "Tags", "KeyName", "Architecture", "VirtualizationType"),
    *("Monitoring", "RootDeviceType"),
)
_CHANGES = ("StartingInstances", "StoppingInstances", "TerminatingInstances")


def ids_of(answer: dict[str, Any]) -> Any:
    """Which machines a change names; the states on the way differ, because moto has no way."""
    return [[one["InstanceId"] for one in answer[name]] for name in _CHANGES if name in answer]


def tell(told: Told) -> None:
    ami = str(client(told.url, "ssm").get_parameter(Name=_PARAMETER)["Parameter"]["Value"])
    _keys(told)
    tags = [{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "a & <b>"}, {"Key": "team", "Value": ""}]}]
    launch = {"ImageId": ami, "InstanceType": "t3.micro", "MinCount": 2, "MaxCount": 2, "KeyName": "mine"}
    told.ask("run_instances", lambda answer: len(answer["Instances"]), **launch, DryRun=True)
    made = told.ask(
        "run_instances", FACTS, **launch, TagSpecifications=tags, Placement={"AvailabilityZone": "us-east-1b"}
    )
    ids = [one["InstanceId"] for one in made["Instances"]]
    _look(told, ids)
    _change(told, ids)
    _tags(told, ids)
    _protect(told, ids)
    _groups(told)
    told.ask("terminate_instances", ids_of, InstanceIds=ids)
    told.ask("describe_instances", machines("InstanceId", "State", "PublicIpAddress"), InstanceIds=ids)
    told.ask("describe_volumes", lambda answer: answer["Volumes"])


_PARAMETER = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"


def _keys(told: Told) -> None:
    key = public_key().encode()
    told.ask("import_key_pair", lambda answer: answer["KeyName"], KeyName="mine", PublicKeyMaterial=key)
    told.ask("import_key_pair", KeyName="mine", PublicKeyMaterial=key)
    told.ask("describe_key_pairs", lambda answer: [one["KeyName"] for one in answer["KeyPairs"]])
    told.ask("describe_key_pairs", KeyNames=["nobody's"])
    told.ask("delete_key_pair", lambda answer: None, KeyName="nobody's")


def _look(told: Told, ids: list[str]) -> None:
    told.ask("describe_instances", FACTS, InstanceIds=ids)
    told.ask("describe_instances", FACTS, InstanceIds=[ids[0], ABSENT])
    told.ask("describe_instances", FACTS, InstanceIds=ids, MaxResults=10)
    for name, values in (
        *(("tag:Name", ["a*"]), ("tag:team", [""]), ("tag-key", ["team"]), ("tag:team", ["x"])),
        *(("instance-state-name", ["running"]), ("availability-zone", ["us-east-1b"]), ("instance-id", [ids[1]])),
    ):
        told.ask("describe_instances", machines("InstanceId"), Filters=[{"Name": name, "Values": values}])
    status = ["InstanceId", "AvailabilityZone", "InstanceState"]
    told.ask(
        "describe_instance_status",
        lambda answer: [{name: one[name] for name in status} for one in answer["InstanceStatuses"]],
        IncludeAllInstances=True,
    )
    told.ask(
        "describe_volumes",
        lambda answer: [(one["Size"], one["Attachments"][0]["InstanceId"]) for one in answer["Volumes"]],
        Filters=[{"Name": "attachment.instance-id", "Values": ids}],
    )
    told.ask(
        "describe_availability_zones",
        lambda answer: [(one["ZoneName"], one["State"]) for one in answer["AvailabilityZones"]],
    )
    told.ask("describe_images", ImageIds=["ami-0123456789abcdef0"])


def _change(told: Told, ids: list[str]) -> None:
    for verb in ("stop", "start"):
        told.ask(f"{verb}_instances", ids_of, InstanceIds=ids)
        told.ask("describe_instances", machines("InstanceId", "State"), InstanceIds=ids)
        told.ask(f"{verb}_instances", ids_of, InstanceIds=ids)
        told.ask(f"{verb}_instances", ids_of, InstanceIds=[*ids, ABSENT])
        told.ask(f"{verb}_instances", ids_of, InstanceIds=ids, DryRun=True)


def _tags(told: Told, ids: list[str]) -> None:
    told.ask("create_tags", lambda answer: None, Resources=ids, Tags=[{"Key": "team", "Value": "red"}])
    told.ask("delete_tags", lambda answer: None, Resources=ids[:1], Tags=[{"Key": "team"}])
    told.ask(
        "describe_tags",
        lambda answer: sorted(
            (one["ResourceId"], one["ResourceType"], one["Key"], one["Value"]) for one in answer["Tags"]
        ),
        Filters=[{"Name": "resource-id", "Values": ids[1:]}],
    )


def _protect(told: Told, ids: list[str]) -> None:
    told.ask("modify_instance_attribute", lambda answer: None, InstanceId=ids[0], DisableApiTermination={"Value": True})
    told.ask(
        "describe_instance_attribute",
        lambda answer: answer["DisableApiTermination"],
        InstanceId=ids[0],
        Attribute="disableApiTermination",
    )
    told.ask("terminate_instances", ids_of, InstanceIds=[ids[0]])
    told.ask(
        "modify_instance_attribute", lambda answer: None, InstanceId=ids[0], DisableApiTermination={"Value": False}
    )


def _groups(told: Told) -> None:
    made = told.ask("create_security_group", lambda answer: None, GroupName="mine", Description="for a test")
    rule = [{"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "192.0.2.1/32"}]}]
    told.ask("create_security_group", GroupName="mine", Description="for a test")
    for action in ("authorize", "authorize", "revoke", "authorize"):
        name = f"{action}_security_group_ingress"
        told.ask(name, lambda answer: answer["Return"], GroupId=made["GroupId"], IpPermissions=rule)
    told.ask(
        "describe_security_groups",
        lambda answer: [
            (
                one["GroupName"],
                one["Description"],
                [(p["IpProtocol"], p["FromPort"], p["IpRanges"]) for p in one["IpPermissions"]],
            )
            for one in answer["SecurityGroups"]
        ],
        GroupIds=[made["GroupId"]],
    )
    told.ask("delete_security_group", lambda answer: None, GroupId=made["GroupId"])
    told.ask("describe_security_groups", GroupIds=[made["GroupId"]])


@pytest.fixture(scope="module")
def moto_url() -> Iterator[str]:
    with moto_server() as url:
        urllib.request.urlopen(urllib.request.Request(f"{url}/moto-api/reset", method="POST")).close()
        yield url


def test_both_clouds_tell_the_same_story(moto_url: str) -> None:
    with StandIn() as standin:
        standin.control.configure(delays=dict.fromkeys(("launch", "start", "stop", "terminate"), 0))
        ours, theirs = Told(standin.url), Told(moto_url)
        tell(ours)
        tell(theirs)
    for mine, other in zip(ours.steps, theirs.steps, strict=True):
        assert mine == other
