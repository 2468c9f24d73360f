"""The stand-in as a process, with a hundred thousand machines in it, and the same story told twice from one seed."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest

from tests.standin.client import Control
from tests.standin.server import StandIn
from tests.standin.tests.conftest import START, client, shown

MANY = 100_000
ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def process() -> Iterator[str]:
    command = [sys.executable, "-m", "tests.standin", "--port", "0", "--start", str(START)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        yield running.stdout.readline().strip()
        running.terminate()
    assert running.returncode == 0


@pytest.mark.long
def test_a_hundred_thousand_machines_are_listed_and_changed_in_pages(process: str) -> None:
    control, ec2 = Control(process), client(process)
    ids = control.create(MANY, tags={"im:deployment": "d", "Name": "web-{n}"}, zones=["us-east-1a", "us-east-1b"])
    assert [one for page in raw_pages(process) for one in page] == ids
    last = [{"Name": "tag:Name", "Values": [f"web-{MANY - 1}"]}]
    assert set(shown(ec2, Filters=last)) == {ids[-1]}
    ec2.stop_instances(InstanceIds=ids[:1000])
    control.step(3)
    stopped = [one["id"] for one in control.machines(fields=["id", "state"]) if one["state"] == "stopped"]
    assert stopped == ids[:1000]
    assert len(control.changes(since=MANY)) == 2000
    control.close()


def raw_pages(url: str) -> Iterator[list[str]]:
    """The ids on each page of DescribeInstances, read with no XML parser: boto3 would take a minute and more."""
    connection = HTTPConnection(urlsplit(url).netloc, timeout=30)
    signed = {"Authorization": "AWS4-HMAC-SHA256 Credential=t/20300101/us-east-1/ec2/aws4_request"}
    token = ""
    while True:
        asked = "Action=DescribeInstances&MaxResults=1000" + (f"&NextToken={quote(token)}" if token else "")
        connection.request("POST", "/", asked, signed)
        page = connection.getresponse().read().decode()
        yield re.findall("<instanceId>(i-[0-9a-f]{17})</instanceId>", page)
        found = re.search("<nextToken>(.*)</nextToken>", page)
        if not found:
            connection.close()
            return
        token = found[1]


def story(seed: int) -> list[Any]:
    """Launches with delays drawn at random, under a storm."""
    with StandIn(seed=seed, start=START) as cloud:
        ec2 = client(cloud.url)
        cloud.control.configure(delays={"launch": [1, 9], "stop": [1, 9]})
        cloud.control.refuse("RunInstances", "InternalError", times=None, p=0.5)
        image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
        for number in range(20):
            try:
                ec2.run_instances(
                    ImageId=image, InstanceType="t3.nano", MinCount=1, MaxCount=1, ClientToken=f"t{number}"
                )
            except ec2.exceptions.ClientError:
                continue
        cloud.control.step(10)
        return [*cloud.control.changes(), cloud.control.calls()]


def test_one_seed_is_one_story() -> None:
    assert story(7) == story(7)
    assert story(7) != story(8)


def test_a_stand_in_says_what_broke(process: str) -> None:
    control = Control(process)
    with pytest.raises(Exception, match="outside"):
        control.outside("dance", "i-0123456789abcdef0")
    with pytest.raises(Exception, match="no_such_verb"):
        control.ask("no_such_verb")
    control.close()
