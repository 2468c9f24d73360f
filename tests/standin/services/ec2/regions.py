"""DescribeRegions: every region of the partition, and which of them the account has not enabled."""

from __future__ import annotations

from functools import cache
from typing import Any

import botocore.session

from tests.standin import stock
from tests.standin.registry import Call, action


@cache
def _named(partition: str) -> tuple[str, ...]:
    return tuple(sorted(botocore.session.Session().get_available_regions("ec2", partition)))


@action("ec2", "DescribeRegions")
def describe_regions(call: Call) -> dict[str, Any]:
    closed = {name for account, name in call.cloud.closed if account == call.region.account}
    named = sorted({*_named(stock.partition_of(call.region.name)), *closed})
    shown = [name for name in named if call.asked.get("AllRegions") or name not in closed]
    return {"Regions": [_region(name, closed) for name in shown]}


def _region(name: str, closed: set[str]) -> dict[str, str]:
    status = "not-opted-in" if name in closed else "opt-in-not-required"
    return {"RegionName": name, "Endpoint": f"ec2.{name}.amazonaws.com", "OptInStatus": status}
