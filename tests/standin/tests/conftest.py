from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.standin.client import Control
from tests.standin.server import StandIn

START = 1_893_456_000
"""2030-01-01 00:00:00 UTC."""
ONCE = Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=5)


def client(url: str, service: Any = "ec2", region: str = "us-east-1", key: str = "t") -> Any:
    return boto3.client(
        service, region, endpoint_url=url, aws_access_key_id=key, aws_secret_access_key="t", config=ONCE
    )


@pytest.fixture(scope="session")
def stepped() -> Iterator[StandIn]:
    with StandIn(start=START) as running:
        yield running


@pytest.fixture(scope="session")
def stepped_ec2(stepped: StandIn) -> Any:
    return client(stepped.url)


@pytest.fixture
def control(stepped: StandIn) -> Control:
    stepped.control.reset()
    return stepped.control


@pytest.fixture
def ec2(control: Control, stepped_ec2: Any) -> Any:
    """boto3, asking a cloud that is empty; no call is repeated."""
    return stepped_ec2


@pytest.fixture(scope="session")
def ami(stepped: StandIn) -> str:
    name = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
    return str(client(stepped.url, "ssm").get_parameter(Name=name)["Parameter"]["Value"])


@pytest.fixture
def run(ec2: Any, ami: str) -> Callable[..., list[str]]:
    """Launch machines by the API; their ids."""

    def launch(count: int = 1, zone: str = "us-east-1a", tags: dict[str, str] | None = None, **more: Any) -> list[str]:
        if tags:
            told = [{"Key": key, "Value": value} for key, value in tags.items()]
            more["TagSpecifications"] = [{"ResourceType": "instance", "Tags": told}]
        asked = {"InstanceType": "t3.micro", "ImageId": ami, "Placement": {"AvailabilityZone": zone}, **more}
        made = ec2.run_instances(**{"MinCount": count, "MaxCount": count, **asked})
        return [one["InstanceId"] for one in made["Instances"]]

    return launch


@pytest.fixture
def running(run: Callable[..., list[str]], control: Control) -> Callable[..., list[str]]:
    """As `run`, and the machines are up."""

    def launch(*given: Any, **more: Any) -> list[str]:
        ids = run(*given, **more)
        control.step(3)
        return ids

    return launch


def refused(call: Callable[..., Any], **asked: Any) -> tuple[str, int, str]:
    """(code, status, message) with which the call is refused."""
    with pytest.raises(ClientError) as caught:
        call(**asked)
    answer = caught.value.response
    return answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Message"]


def shown(ec2: Any, **asked: Any) -> dict[str, Any]:
    """Machines by id, of one describe_instances."""
    answer = ec2.describe_instances(**asked)
    return {one["InstanceId"]: one for group in answer["Reservations"] for one in group["Instances"]}


def states(ec2: Any, ids: list[str]) -> list[str]:
    found = shown(ec2, InstanceIds=ids)
    return [found[one]["State"]["Name"] for one in ids]
