"""The live tests themselves, proved against the stand-in: they pass, they leave nothing, and they start only when they may."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.standin.server import StandIn

TREE = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "tests.live", "-q", "-p", "no:xdist"]
GONE = {"shutting-down", "terminated"}
HANGS = 1500
"""Seconds after which a run hangs. It starts a Postgres of its own, and is no judge of how busy this machine is."""


@pytest.fixture
def cloud() -> Iterator[StandIn]:
    with StandIn() as running:
        running.control.configure(delays={"launch": 0.5, "start": 0.5, "stop": 0.5, "terminate": 0.5})
        yield running


def environ(**given: str) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "IM_LIVE", "PYTEST_"))}
    return {**kept, "AWS_CONFIG_FILE": os.devnull, "AWS_EC2_METADATA_DISABLED": "true", **given}


def against(cloud: StandIn, **given: str) -> dict[str, str]:
    keys = {"AWS_ACCESS_KEY_ID": "AKIALIVE", "AWS_SECRET_ACCESS_KEY": "live", "AWS_ENDPOINT_URL": cloud.url}
    return environ(**keys, AWS_REGION="us-east-1", IM_LIVE_TTL="8", **given)


def left(cloud: StandIn) -> list[str]:
    """Machines that are not gone, security groups and key pairs of ours, as an outsider sees them."""
    import boto3

    ec2 = boto3.client(
        "ec2", "us-east-1", endpoint_url=cloud.url, aws_access_key_id="AKIALIVE", aws_secret_access_key="x"
    )
    groups = [one["GroupName"] for one in ec2.describe_security_groups()["SecurityGroups"]]
    keys = [one["KeyName"] for one in ec2.describe_key_pairs()["KeyPairs"]]
    ec2.close()
    there = [one["id"] for one in cloud.control.machines() if one["state"] not in GONE]
    return [*there, *(name for name in groups if name != "default"), *keys]


@pytest.mark.long
def test_they_pass_and_leave_nothing(cloud: StandIn) -> None:
    done = subprocess.run(COMMAND, env=against(cloud), cwd=TREE, capture_output=True, text=True, timeout=HANGS)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "at worst $" in done.stdout
    assert "cleaned up, nothing is left" in done.stdout
    assert len(cloud.control.machines()) == 3
    assert left(cloud) == []


@pytest.mark.parametrize("number", [pytest.param(signal.SIGINT, marks=pytest.mark.long), signal.SIGTERM])
def test_interrupted_they_still_leave_nothing(cloud: StandIn, number: signal.Signals) -> None:
    running = subprocess.Popen(
        COMMAND, env=against(cloud), cwd=TREE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    until = time.monotonic() + HANGS
    while not cloud.control.machines() and running.poll() is None and time.monotonic() < until:
        time.sleep(0.1)  # another process
    running.send_signal(number)
    said, _ = running.communicate(timeout=HANGS)
    assert cloud.control.machines() != [], said
    assert running.returncode == 2, said
    assert "cleaned up, nothing is left" in said
    assert left(cloud) == []


def test_what_a_killed_run_left_is_ended_by_the_next(cloud: StandIn) -> None:
    (old,) = cloud.control.create(tags={"im-live": "1", "im:deployment": "of-a-run-that-was-killed"}, age=3600)
    (young,) = cloud.control.create(tags={"im-live": "1", "im:deployment": "of-a-run-beside-us"})
    (foreign,) = cloud.control.create(tags={"Name": "not-ours"})
    words = [*COMMAND, "-k", "test_the_doctor_finds_the_account_well"]
    done = subprocess.run(words, env=against(cloud), cwd=TREE, capture_output=True, text=True, timeout=HANGS)
    assert done.returncode == 0, done.stdout + done.stderr
    states = {one["id"]: one["state"] for one in cloud.control.machines()}
    assert states[old] in GONE
    assert (states[young], states[foreign]) == ("running", "running")


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({}, "no AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, and AWS_REGION"),
        ({"AWS_ACCESS_KEY_ID": "x"}, "AWS_ACCESS_KEY_ID is set and AWS_SECRET_ACCESS_KEY is not"),
        ({"AWS_PROFILE": "x", "IM_LIVE_BUDGET": "0.001"}, "and IM_LIVE_BUDGET allows $0.001: set IM_LIVE_BUDGET="),
        ({"AWS_PROFILE": "x", "IM_LIVE_BUDGET": "much"}, "IM_LIVE_BUDGET=much is no amount"),
        ({"AWS_PROFILE": "x", "IM_LIVE_BUDGET": "nan"}, "IM_LIVE_BUDGET=nan is no amount"),
        ({"AWS_PROFILE": "x", "IM_LIVE_TTL": "3600"}, "IM_LIVE_TTL=3600 cannot be"),
    ],
)
def test_they_do_not_start_without_credentials_or_over_budget(given: dict[str, str], says: str) -> None:
    done = subprocess.run(COMMAND, env=environ(**given), cwd=TREE, capture_output=True, text=True, timeout=HANGS)
    assert done.returncode == 2
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("test-live: ")
    assert says in line
