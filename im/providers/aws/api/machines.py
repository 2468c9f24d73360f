"""Machines of the account by any filter, whoever's they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from im.providers.aws.api.errors import translated
from im.providers.aws.api.sightings import PAGE

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client

_LIVING = ["pending", "running", "stopping", "stopped", "shutting-down"]


def living(ec2: EC2Client, filters: Mapping[str, Sequence[str]]) -> Iterator[Any]:
    """Those that match and are not gone."""
    asked: Any = [{"Name": name, "Values": list(values)} for name, values in filters.items()]
    asked.append({"Name": "instance-state-name", "Values": _LIVING})
    more: dict[str, str] = {}
    while True:
        with translated():
            answer: Any = ec2.describe_instances(Filters=asked, MaxResults=PAGE, **more)  # type: ignore[arg-type]
        for reservation in answer["Reservations"]:
            yield from reservation["Instances"]
        if not answer.get("NextToken"):
            return
        more = {"NextToken": answer["NextToken"]}
