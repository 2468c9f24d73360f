"""Cloud Custodian as a peer: one pass that stops what is marked as expired, dry, on the stand-in; hourly in its own guide.

https://cloudcustodian.io/docs/quickstart/policyStructure.html and the filter `marked-for-op`. Its figures include its start, since
each pass of it is a process of its own.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.benchmarks import peers
from tests.benchmarks.place import REGION, Place
from tests.benchmarks.spent import Spent

_POLICY = {
    "name": "expired",
    "resource": "aws.ec2",
    "filters": [{"State.Name": "running"}, {"type": "marked-for-op", "tag": "expires", "op": "stop"}],
    "actions": ["stop"],
}


def mark(here: Place, machines: Sequence[str]) -> None:
    """Give machines the tag that says: stop it, since years ago."""
    tag = {"Key": "expires", "Value": "expired: stop@2020/01/01"}
    for first in range(0, len(machines), 500):
        here.ec2().create_tags(Resources=list(machines[first : first + 500]), Tags=[tag])


def one_pass(here: Place, marked: int) -> Spent | None:
    """A dry pass, which has to find the `marked` ones; None when Custodian is not installed."""
    custodian = peers.program("c7n")
    if custodian is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        policy = Path(folder, "policy.json")
        policy.write_text(json.dumps({"policies": [_POLICY]}))
        words = ("run", "--dryrun", "--cache-period", "0", "--region", REGION, "-s", folder, str(policy))
        environ = {k: v for k, v in os.environ.items() if not k.startswith("AWS_") and "proxy" not in k.lower()}
        keys = {"AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "bench", "AWS_DEFAULT_REGION": REGION}
        environ |= keys | {"AWS_ENDPOINT_URL": here.cloud_url, "AWS_EC2_METADATA_DISABLED": "true"}
        before, began = _children(), time.perf_counter()
        done = subprocess.run([custodian, *words], env=environ, capture_output=True, text=True, check=False)
        took = Spent(_children() - before, time.perf_counter() - began)
        assert done.returncode == 0, done.stderr[-500:]
        found = json.loads(Path(folder, "expired", "resources.json").read_text())
    assert len(found) == marked, f"Custodian found {len(found)} of {marked}"
    return took


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
