"""Nothing is left behind: by tag, without our rows, after success, failure, Ctrl-C or SIGTERM; what a kill -9 left, next time."""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
from botocore.exceptions import ClientError

from im.domain import tags

MARK = "im-live"
"""The tag of every machine of a live test, of whichever run."""
LEFT_OVER = timedelta(minutes=30)
"""A marked machine that is older belongs to a run that cannot be at work any more."""
_EXISTING = ["pending", "running", "stopping", "stopped"]
_WITHIN = 300.0


class Cleaner:
    """The account's own view of one region; `deployment` is this run's."""

    def __init__(self, region: str, deployment: str) -> None:
        self.ec2: Any = boto3.client("ec2", region_name=region)
        self._deployment = deployment

    def machines(self, *, of_others: bool = False) -> list[str]:
        """Ours that exist; or those of earlier runs that were never cleaned up."""
        mine = {"Name": f"tag:{tags.DEPLOYMENT}", "Values": [self._deployment]}
        marked = {"Name": f"tag:{MARK}", "Values": ["1"]}
        there = {"Name": "instance-state-name", "Values": _EXISTING}
        shown = self.ec2.describe_instances(Filters=[marked if of_others else mine, there])
        found = [one for reservation in shown["Reservations"] for one in reservation["Instances"]]
        old = datetime.now(UTC) - LEFT_OVER
        return [one["InstanceId"] for one in found if not of_others or one["LaunchTime"] < old]

    def clean(self) -> list[str]:
        """End every machine, and then what it was launched with. Returns what is left, which is nothing."""
        ids = [*self.machines(), *self.machines(of_others=True)]
        for one in ids:
            with contextlib.suppress(ClientError):  # it says below whether it is gone
                self.ec2.modify_instance_attribute(InstanceId=one, DisableApiTermination={"Value": False})
                self.ec2.terminate_instances(InstanceIds=[one])
        until = time.monotonic() + _WITHIN
        while self.machines() and time.monotonic() < until:
            time.sleep(1)  # the cloud's own time
        while self._discard() and time.monotonic() < until:
            time.sleep(2)  # a group is in use for a moment after its machine is gone
        return [*self.machines(), *self._belongings()]

    def _discard(self) -> bool:
        """Is there anything left to take away?"""
        for one in self._belongings():
            with contextlib.suppress(ClientError):
                if one.startswith("sg-"):
                    self.ec2.delete_security_group(GroupId=one)
                else:
                    self.ec2.delete_key_pair(KeyPairId=one)
        return bool(self._belongings())

    def _belongings(self) -> list[str]:
        mine = [{"Name": f"tag:{tags.DEPLOYMENT}", "Values": [self._deployment]}]
        groups = self.ec2.describe_security_groups(Filters=mine)["SecurityGroups"]
        keys = self.ec2.describe_key_pairs(Filters=mine)["KeyPairs"]
        return [*(one["GroupId"] for one in groups), *(one["KeyPairId"] for one in keys)]


@contextlib.contextmanager
def cleaning(cleaner: Cleaner, say: Callable[[str], None]) -> Iterator[None]:
    """Clean up at the end of the block, however it ends, and say so. A second Ctrl-C does not interrupt that."""

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupted)
    try:
        yield
    finally:
        deaf = signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        try:
            left = cleaner.clean()
            say(f"test-live: cleaned up, {f'but for {left}' if left else 'nothing is left'}")
            assert not left, f"still there, take it away by hand: {', '.join(left)}"
        finally:
            signal.signal(signal.SIGINT, deaf)
            signal.signal(signal.SIGTERM, before)
            cleaner.ec2.close()
