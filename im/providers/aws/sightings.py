"""What EC2 shows, read into sightings: the words for states, the reason, and listings page by page."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from im.domain.instance import Observed, Sighting
from im.providers.aws.errors import translated
from im.providers.base import Snapshot
from im.providers.errors import ProviderError, Unavailable

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client

STATES = {
    "pending": Observed.PENDING,
    "running": Observed.RUNNING,
    "stopping": Observed.STOPPING,
    "stopped": Observed.STOPPED,
    "shutting-down": Observed.TERMINATING,
    "terminated": Observed.TERMINATED,
}
TAKEN_BACK = frozenset({"Server.SpotInstanceTermination", "Server.SpotInstanceShutdown"})
"""Codes of StateReason: the cloud took a spot machine back (EC2 API reference, StateReason)."""
_DATE = re.compile(r"\((\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) (?:GMT|UTC)\)", re.ASCII)
PAGE = 1000
"""Machines a page may hold; the most that EC2 allows."""
FILTER_VALUES = 200
"""Values one filter may hold; the most that EC2 allows."""


@dataclass(frozen=True, slots=True)
class Page:
    sightings: tuple[Sighting, ...]
    date: datetime | None


def sighting(shown: Mapping[str, Any]) -> Sighting:
    """One `Instance` of a DescribeInstances or RunInstances answer, in full."""
    launched: datetime | None = shown.get("LaunchTime")
    return Sighting(
        provider_id=shown["InstanceId"],
        state=STATES[shown["State"]["Name"]],
        zone=shown.get("Placement", {}).get("AvailabilityZone", ""),
        public_ip=shown.get("PublicIpAddress") or None,
        private_ip=shown.get("PrivateIpAddress") or None,
        launched_at=launched.astimezone(UTC) if launched else None,
        reason=shown.get("StateReason", {}).get("Message") or shown.get("StateTransitionReason") or "",
        tags={tag["Key"]: tag["Value"] for tag in shown.get("Tags", [])},
        launch_index=shown.get("AmiLaunchIndex", 0),
        changed_at=_dated(shown.get("StateTransitionReason") or ""),
        instance_type=shown.get("InstanceType", ""),
        image=shown.get("ImageId", ""),
        spot_request=shown.get("SpotInstanceRequestId") or "",
        interrupted=shown.get("StateReason", {}).get("Code") in TAKEN_BACK,
    )


def _dated(reason: str) -> datetime | None:
    """`User initiated (2030-01-31 12:34:56 GMT)` → that moment; None where EC2 gives none (spot, and while it runs)."""
    found = _DATE.search(reason)
    return datetime.strptime(found[1], "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC) if found else None


def changed(shown: Mapping[str, Any]) -> Sighting:
    """One state change of a Start-, Stop- or TerminateInstances answer: thin."""
    return Sighting(provider_id=shown["InstanceId"], state=STATES[shown["CurrentState"]["Name"]])


def pages(ec2: EC2Client, filters: Mapping[str, Sequence[str]]) -> Iterator[Page]:
    """Every page of the machines that match all `filters`; an id that is absent is simply not shown."""
    asked: Any = [{"Name": name, "Values": list(values)} for name, values in filters.items()]
    more: dict[str, str] = {}
    while True:
        with translated():
            answer = ec2.describe_instances(Filters=asked, MaxResults=PAGE, **more)  # type: ignore[arg-type]
        try:
            seen = tuple(sighting(one) for group in answer["Reservations"] for one in group["Instances"])
        except KeyError as exc:
            raise Unavailable(f"AWS sent an answer that cannot be read: {exc} is missing or new to us") from exc
        yield Page(seen, answered_at(answer))
        if not answer.get("NextToken"):
            return
        more = {"NextToken": answer["NextToken"]}


def described(ec2: EC2Client, ids: Sequence[str]) -> dict[str, Sighting]:
    """Machines by id, in full; one that EC2 does not know is absent."""
    unique = list(dict.fromkeys(ids))
    return {
        one.provider_id: one
        for at in range(0, len(unique), FILTER_VALUES)
        for page in pages(ec2, {"instance-id": unique[at : at + FILTER_VALUES]})
        for one in page.sightings
    }


def snapshot(ec2: EC2Client, filters: Mapping[str, Sequence[str]]) -> Snapshot:
    """All pages as one; incomplete when a later page failed, and the failure itself when the first did."""
    seen: list[Sighting] = []
    date: datetime | None = None
    arrived = 0
    try:
        for page in pages(ec2, filters):
            seen += page.sightings
            date = date or page.date
            arrived += 1
    except ProviderError:
        if not arrived:
            raise
        return Snapshot(complete=False, sightings=tuple(seen), date=date)
    return Snapshot(complete=True, sightings=tuple(seen), date=date)


def answered_at(answer: Mapping[str, Any]) -> datetime | None:
    """The cloud's own clock, from the answer's Date header."""
    written = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date")
    try:
        return parsedate_to_datetime(written).astimezone(UTC) if written else None
    except ValueError:
        return None
