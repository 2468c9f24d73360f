"""What EC2 shows, read into sightings: the words for states, the reason, and listings page by page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from im.domain.sighting import Sighting
from im.domain.state import Observed
from im.providers.aws.api import fast_parser
from im.providers.aws.api.errors import translated
from im.providers.aws.api.states import STATES, TAKEN_BACK, dated
from im.providers.aws.causes import cause_of
from im.providers.contract import Snapshot
from im.providers.errors import ProviderError, Unavailable
from im.providers.features import States

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client

PAGE = 500
"""Machines in a page of full descriptions: 2 MB of XML, and as much again to read it, which one process can hold at any time."""
STATES_PAGE = 1000
"""Machines in a page of states; the most that EC2 allows."""
FILTER_VALUES = 200
"""Values one filter may hold; the most that EC2 allows."""


@dataclass(frozen=True, slots=True)
class Page:
    sightings: tuple[Sighting, ...]
    date: datetime | None


def sighting(shown: Mapping[str, Any]) -> Sighting:
    """One `Instance` of a DescribeInstances or RunInstances answer, in full."""
    launched: datetime | None = shown.get("LaunchTime")
    why = shown.get("StateReason", {})
    return Sighting(
        provider_id=shown["InstanceId"],
        state=STATES[shown["State"]["Name"]],
        zone=shown.get("Placement", {}).get("AvailabilityZone", ""),
        public_ip=shown.get("PublicIpAddress") or None,
        private_ip=shown.get("PrivateIpAddress") or None,
        launched_at=launched.astimezone(UTC) if launched else None,
        reason=why.get("Message") or shown.get("StateTransitionReason") or "",
        tags={tag["Key"]: tag["Value"] for tag in shown.get("Tags", [])},
        launch_index=shown.get("AmiLaunchIndex", 0),
        changed_at=dated(shown.get("StateTransitionReason") or ""),
        instance_type=shown.get("InstanceType", ""),
        image=shown.get("ImageId", ""),
        windows=(shown.get("Platform") or "").lower() == "windows",
        spot_request=shown.get("SpotInstanceRequestId") or "",
        operator=operator.get("Principal", "") if (operator := shown.get("Operator", {})).get("Managed") else "",
        interrupted=why.get("Code") in TAKEN_BACK,
        cause=cause_of(why.get("Code", ""), why.get("Message", "")),
    )


def launched(answer: Mapping[str, Any]) -> list[Sighting]:
    """Those of a RunInstances answer, in full."""
    read = fast_parser.sightings_in(answer)
    return [sighting(shown) for shown in answer["Instances"]] if read is None else list(read)


def changed(answer: Mapping[str, Any], answered: str) -> dict[str, Sighting]:
    """Machine → a thin sighting, from a Start-, Stop- or TerminateInstances answer, which has its list under `answered`."""
    states = fast_parser.changes_in(answer)
    if states is None:
        states = {
            shown["InstanceId"]: (STATES[shown["CurrentState"]["Name"]], STATES[shown["PreviousState"]["Name"]])
            for shown in answer[answered]
        }
    return {one: Sighting(provider_id=one, state=now, was=was) for one, (now, was) in states.items()}


def pages(ec2: EC2Client, filters: Mapping[str, Sequence[str]]) -> Iterator[Page]:
    """Every page of the machines that match all `filters`; an id that is absent is simply not shown."""
    for answer in _answers(ec2.describe_instances, filters, PAGE):
        read = fast_parser.sightings_in(answer)
        yield Page(_sightings(answer) if read is None else read, answered_at(answer))


def described(ec2: EC2Client, ids: Sequence[str]) -> dict[str, Sighting]:
    """Machines by id, in full; one that EC2 does not know is absent."""
    unique = list(dict.fromkeys(ids))
    return {
        one.provider_id: one
        for at in range(0, len(unique), FILTER_VALUES)
        for page in pages(ec2, {"instance-id": unique[at : at + FILTER_VALUES]})
        for one in page.sightings
    }


def _sightings(answer: Mapping[str, Any]) -> tuple[Sighting, ...]:
    with _readable():
        return tuple(sighting(one) for group in answer["Reservations"] for one in group["Instances"])


def snapshots(ec2: EC2Client, filters: Mapping[str, Sequence[str]]) -> Iterator[Snapshot]:
    """The same for those who have to know whether they saw everything: see `Provider.listing`."""
    arrived = 0
    try:
        for page in pages(ec2, filters):
            yield Snapshot(complete=True, sightings=page.sightings, date=page.date)
            arrived += 1
    except ProviderError:
        if not arrived:
            raise
        yield Snapshot(complete=False, sightings=())


def states(ec2: EC2Client, filters: Mapping[str, Sequence[str]]) -> Iterator[States]:
    """Every page of DescribeInstanceStatus, in whatever state the machines are."""
    arrived = 0
    try:
        for answer in _answers(ec2.describe_instance_status, filters, STATES_PAGE, IncludeAllInstances=True):
            read = fast_parser.states_in(answer)
            yield States(complete=True, seen=_states(answer) if read is None else read, date=answered_at(answer))
            arrived += 1
    except ProviderError:
        if not arrived:
            raise
        yield States(complete=False, seen={})


def _states(answer: Mapping[str, Any]) -> dict[str, Observed]:
    with _readable():
        return {one["InstanceId"]: STATES[one["InstanceState"]["Name"]] for one in answer["InstanceStatuses"]}


def _answers(call: Any, filters: Mapping[str, Sequence[str]], size: int, **more: Any) -> Iterator[Mapping[str, Any]]:
    if filters:
        more["Filters"] = [{"Name": name, "Values": list(values)} for name, values in filters.items()]
    while True:
        with translated():
            answer = call(MaxResults=size, **more)
        yield answer
        if not answer.get("NextToken"):
            return
        more["NextToken"] = answer["NextToken"]


@contextmanager
def _readable() -> Iterator[None]:
    try:
        yield
    except KeyError as exc:
        raise Unavailable(f"AWS sent an answer that cannot be read: {exc} is missing or new to us") from exc


def answered_at(answer: Mapping[str, Any]) -> datetime | None:
    """The cloud's own clock, from the answer's Date header."""
    written = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date")
    try:
        return parsedate_to_datetime(written).astimezone(UTC) if written else None
    except ValueError:
        return None
