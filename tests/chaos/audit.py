"""Requests × cloud × rows: what the database believes, what the cloud shows, what was asked of it; and every promise not kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection

from im.db import deployment, select
from im.db.read import instances
from im.domain.event import Event
from im.domain.instance import Instance
from im.domain.launch import Launch, LaunchState
from im.domain.state import GONE, Desired, Observed
from im.providers.aws.api.sightings import STATES

TAG_DEPLOYMENT, TAG_LAUNCH, TAG_INSTANCE = "im:deployment", "im:launch", "im:instance"
"""As they stand on the wire, whatever the source calls them."""

_INTENT = {
    "RunInstances": "launch sent",
    "StartInstances": "start sent",
    "StopInstances": "stop sent",
    "TerminateInstances": "terminate sent",
}
"""A mutating call, and the line of a row's history that has to stand there before it."""


@dataclass(frozen=True, slots=True)
class Machine:
    """One machine of the account, ours or not, as the cloud itself shows it."""

    id: str
    state: Observed
    tags: Mapping[str, str]
    spot: bool = False


@dataclass(frozen=True, slots=True)
class Evidence:
    now: datetime
    deployment: str
    rows: Sequence[Instance]
    launches: Sequence[Launch]
    stories: Mapping[str, Sequence[Event]]
    machines: Mapping[str, Machine]
    calls: Sequence[Mapping[str, Any]]
    """The cloud's own ledger of mutating calls."""


def gather(connection: Connection, ec2: Any, calls: Sequence[Mapping[str, Any]], now: datetime) -> Evidence:
    """`ec2` is a bare boto3 client: nothing of ours stands between the cloud and the judgement."""
    kept = select.fetch_instances(connection, select.select_instances())
    launched = [select.to_launch(row) for row in connection.execute(select.select_launches())]
    stories: dict[str, list[Event]] = {row.id: [] for row in kept}
    for event in instances.story(connection, list(stories)):
        stories[event.instance_id].append(event)
    pages = ec2.get_paginator("describe_instances").paginate()
    shown = (one for page in pages for group in page["Reservations"] for one in group["Instances"])
    machines = [
        Machine(
            one["InstanceId"],
            STATES[one["State"]["Name"]],
            {t["Key"]: t["Value"] for t in one.get("Tags", [])},
            "SpotInstanceRequestId" in one,
        )
        for one in shown
    ]
    identity = deployment.read_id(connection)
    return Evidence(now, identity, kept, launched, stories, {m.id: m for m in machines}, calls)


def broken_promises(e: Evidence) -> list[str]:
    """One sentence for each; nothing is lost, doubled, orphaned, left running or touched though foreign when it is empty."""
    return [
        *_unsettled(e),
        *_lost(e),
        *_doubled(e),
        *_orphaned(e),
        *_came_back(e),
        *_past_deadline(e),
        *_touched(e),
        *_untold(e),
    ]


def _unsettled(e: Evidence) -> Iterator[str]:
    for row in e.rows:
        if row.failed and not (row.error_code and row.error):
            yield f"{row.name} failed without a reason"
        if not row.failed and not row.settled:
            yield f"{row.name} is not settled at generation {row.generation}: {row.desired}, {row.observed}"
    for launch in e.launches:
        if launch.state in (LaunchState.OPEN, LaunchState.CALLED):
            yield f"the launch {launch.token} of {', '.join(launch.names)} is still {launch.state}"


def _lost(e: Evidence) -> Iterator[str]:
    for row in e.rows:
        if row.provider_id is None:
            if row.settled and row.desired is Desired.RUNNING:
                yield f"{row.name} is settled as running and has no machine"
            continue
        machine = e.machines.get(row.provider_id)
        if machine is None:
            if row.observed not in GONE:
                yield f"the cloud knows no {row.provider_id}, which is {row.name}"
        elif machine.state is not row.observed:
            yield f"{row.name} is {row.observed} in its row and {machine.state} at the cloud"
        elif machine.tags.get(TAG_INSTANCE, row.id) != row.id:
            yield f"{row.name} ({row.id}) has a machine that is labelled for another: {dict(machine.tags)}"


def _doubled(e: Evidence) -> Iterator[str]:
    made = Counter(m.tags[TAG_LAUNCH] for m in e.machines.values() if TAG_LAUNCH in m.tags)
    slots = {launch.token: len(launch.slots) for launch in e.launches}
    for token, count in made.items():
        if count > slots.get(token, 0):
            yield f"the launch {token} made {count} machines for {slots.get(token, 0)} slots"
    mine = [m for m in e.machines.values() if m.tags.get(TAG_DEPLOYMENT) == e.deployment]
    owners = Counter(row.provider_id for row in e.rows if row.provider_id)
    yield from (f"{machine} belongs to {n} rows" for machine, n in owners.items() if n > 1)
    if len(mine) > len(owners):
        yield f"{len(mine)} machines for {len(owners)} rows"


def _orphaned(e: Evidence) -> Iterator[str]:
    known = {row.provider_id for row in e.rows}
    for machine in e.machines.values():
        if machine.tags.get(TAG_DEPLOYMENT) == e.deployment and machine.id not in known:
            yield f"{machine.id} ({machine.state}) carries our tag and has no row"


def _came_back(e: Evidence) -> Iterator[str]:
    """EC2 puts another machine, without a tag, in the place of a spot machine whose request nobody cancelled."""
    known = {row.provider_id for row in e.rows}
    for machine in e.machines.values():
        if machine.spot and machine.id not in known and machine.state not in GONE:
            yield f"{machine.id} ({machine.state}) was launched by the spot request of a machine of ours, and has no row"


def _past_deadline(e: Evidence) -> Iterator[str]:
    for row in e.rows:
        machine = e.machines.get(row.provider_id or "")
        if machine and machine.state in (Observed.PENDING, Observed.RUNNING) and row.expires_at <= e.now:
            yield f"{row.name} runs although its deadline passed at {row.expires_at:%H:%M:%S}"


def _touched(e: Evidence) -> Iterator[str]:
    known = {row.provider_id for row in e.rows}
    for call in e.calls:
        for machine in set(call["asked"].get("InstanceIds", ())) - known:
            yield f"{call['action']} was asked for {machine}, which is no machine of ours"


def _untold(e: Evidence) -> Iterator[str]:
    """A mutating call without an intent before it; or a result in a history that no intent explains."""
    for row in e.rows:
        story = e.stories[row.id]
        for call in (c for c in e.calls if c["action"] in _INTENT and _is_for(c, row)):
            at, intent = datetime.fromtimestamp(call["at"], UTC), _INTENT[call["action"]]
            if not any(event.kind == intent and event.at <= at for event in story):
                yield f"{call['action']} for {row.name} at {at:%H:%M:%S} without '{intent}' before it: {_kinds(story)}"
        if not story or story[0].kind not in ("create requested", "adopt requested"):
            yield f"the history of {row.name} does not begin with its request: {_kinds(story)}"
        if row.provider_id and row.launch_token and "launched" not in _kinds(story):
            yield f"{row.name} has a machine, and its history does not say so: {_kinds(story)}"


def _is_for(call: Mapping[str, Any], row: Instance) -> bool:
    return row.provider_id in call["asked"].get("InstanceIds", ()) or (
        call["action"] == "RunInstances" and call["asked"].get("ClientToken") == row.launch_token
    )


def _kinds(story: Sequence[Event]) -> list[str]:
    return [event.kind for event in story]
