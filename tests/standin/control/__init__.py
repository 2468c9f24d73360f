"""The hands behind the cloud, over HTTP: POST /_standin/<verb> with a JSON object, JSON back. No fault ever strikes here.

Each verb is a function here; its keyword arguments are the object's members. `client.Control` has a method for each.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from tests.standin import lifecycle
from tests.standin.cloud import ACCOUNT, Cloud
from tests.standin.control.hands import HANDS
from tests.standin.control.seeding import create
from tests.standin.dispatch import Reply
from tests.standin.machine import Machine

Verb = Callable[..., Any]
VERBS: dict[str, Verb] = {"create": create}
HOME = "us-east-1"


def verb(does: Verb) -> Verb:
    VERBS[does.__name__] = does
    return does


def answer(cloud: Cloud, name: str, body: bytes) -> Reply:
    """200 with the verb's answer, or 400 saying what was wrong with the request."""
    headers = {"Content-Type": "application/json"}
    try:
        does, given = VERBS[name], json.loads(body or b"{}")
        cloud.timeline.catch_up()
        cause, cloud.cause = cloud.cause, "outside"
        try:
            answered = does(cloud, **given)
        finally:
            cloud.cause = cause
    except (KeyError, TypeError, ValueError) as exc:
        return Reply(400, json.dumps({"wrong": f"{name}: {type(exc).__name__}: {exc}"}).encode(), headers)
    return Reply(200, json.dumps(answered).encode(), headers)


# ---- time and settings -----------------------------------------------------------------------------------------------


@verb
def clock(cloud: Cloud) -> dict[str, Any]:
    return {"now": cloud.now, "real": cloud.clock.real, "skew": cloud.clock.skew}


@verb
def step(cloud: Cloud, seconds: float) -> float:
    """Move a stepped clock, and let everything happen that is due by then."""
    cloud.clock.step(seconds)
    cloud.timeline.catch_up()
    return cloud.now


@verb
def configure(cloud: Cloud, **given: Any) -> None:
    cloud.configure(**given)
    cloud.timeline.catch_up()


@verb
def reset(cloud: Cloud) -> None:
    """As new: nothing in it, no faults, the same seed; a stepped clock is back where it began."""
    cloud.reset()


# ---- what goes wrong -------------------------------------------------------------------------------------------------


@verb
def fault(cloud: Cloud, duration: float | None = None, **fields: Any) -> int:
    """See faults.Fault for the fields; `duration` is in seconds from now."""
    if duration is not None:
        fields["until"] = cloud.now + duration
    return cloud.faults.add(**fields)


@verb
def faults(cloud: Cloud) -> list[dict[str, Any]]:
    return cloud.faults.waiting()


@verb
def clear_faults(cloud: Cloud, number: int | None = None) -> None:
    cloud.faults.remove(number)


@verb
def capacity(cloud: Cloud, zone: str, most: int | None, instance_type: str = "*", account: str = ACCOUNT) -> None:
    """How many machines a zone has room for; None lifts the limit."""
    rooms = cloud.region(account, zone[:-1]).capacity
    rooms.pop((zone, instance_type), None)
    if most is not None:
        rooms[zone, instance_type] = most


@verb
def limits(
    cloud: Cloud, vcpus: int | None = None, instances: int | None = None, region: str = HOME, account: str = ACCOUNT
) -> None:
    """The account's quotas in a region; None is no limit."""
    place = cloud.region(account, region)
    place.vcpu_limit, place.instance_limit = vcpus, instances


@verb
def doom(
    cloud: Cloud, code: str, message: str = "", times: int = 1, region: str = HOME, account: str = ACCOUNT
) -> None:
    """The next machines are made, answered for, and end instead of running, with this StateReason."""
    cloud.region(account, region).dooms += [(code, message or code)] * times


@verb
def fall_back(
    cloud: Cloud,
    ids: Sequence[str],
    code: str,
    message: str = "",
    times: int = 1,
    region: str = HOME,
    account: str = ACCOUNT,
) -> None:
    """The next starts of these machines are accepted, and end stopped instead of running, with this StateReason."""
    for one in ids:
        cloud.region(account, region).machines[one].falls += [(code, message or code)] * times


@verb
def profiles(cloud: Cloud, known: Mapping[str, float] | None, region: str = HOME, account: str = ACCOUNT) -> None:
    """The only instance profiles there are, each known to EC2 so many seconds from now; None: whatever is named is there."""
    place = cloud.region(account, region)
    place.profiles = None if known is None else {name: cloud.now + seconds for name, seconds in known.items()}


@verb
def private_subnet(cloud: Cloud, zone: str, private: bool = True, account: str = ACCOUNT) -> None:
    """The default subnet of a zone gives out no public address by itself."""
    zones = cloud.region(account, zone[:-1]).private_zones
    (zones.add if private else zones.discard)(zone)


@verb
def unsell(cloud: Cloud, zone: str, instance_type: str, account: str = ACCOUNT) -> None:
    """A zone that does not sell a type, though its region does."""
    cloud.region(account, zone[:-1]).unsold.add((zone, instance_type))


@verb
def demand_tags(cloud: Cloud, keys: Sequence[str], region: str = HOME, account: str = ACCOUNT) -> None:
    """The account's policy denies the making of anything without these tags."""
    cloud.region(account, region).demanded = tuple(keys)


@verb
def schedule_limit(cloud: Cloud, most: int | None, region: str = HOME, account: str = ACCOUNT) -> None:
    """The quota of schedules; None is no limit."""
    cloud.region(account, region).extra["schedule-limit"] = most


@verb
def price(cloud: Cloud, name: str, usd: str, region: str = HOME) -> None:
    """The list price of a type (per hour) or a disk type (per GB-month) in a region."""
    cloud.prices[region, name] = Decimal(usd)


@verb
def spot_price(cloud: Cloud, zone: str, instance_type: str, usd: str, account: str = ACCOUNT) -> None:
    """From now on; what held before stays in the history."""
    cloud.region(account, zone[:-1]).spot.prices.setdefault((zone, instance_type), {})[cloud.now] = Decimal(usd)


@verb
def interrupt(
    cloud: Cloud, ids: Sequence[str], notice: float = 120, region: str = HOME, account: str = ACCOUNT
) -> None:
    """AWS takes spot machines back, `notice` seconds after it says so."""
    place = cloud.region(account, region)
    for one in ids:
        place.spot.interrupt(place.machines[one], notice)


@verb
def resume_spot(cloud: Cloud, ids: Sequence[str], region: str = HOME, account: str = ACCOUNT) -> None:
    """AWS starts again what it had stopped."""
    place = cloud.region(account, region)
    for one in ids:
        place.spot.resume(place.machines[one])


@verb
def outside(
    cloud: Cloud,
    does: str,
    ids: Sequence[str],
    region: str = HOME,
    account: str = ACCOUNT,
    who: str = "User initiated",
    reason: Sequence[str] = lifecycle.USER,
) -> None:
    """Somebody at the console: start, stop, terminate, vanish. What makes no sense for a machine's state is ignored.

    `shutdown` is the guest's own, `retire` the cloud's for its hardware; `reason`: (code, message) of the StateReason.
    """
    place = cloud.region(account, region)
    move = HANDS[does]
    for machine in [place.machines[one] for one in ids]:
        move(place, machine, who, (reason[0], reason[1]))


@verb
def protect(
    cloud: Cloud,
    ids: Sequence[str],
    terminate: bool | None = None,
    stop: bool | None = None,
    region: str = HOME,
    account: str = ACCOUNT,
) -> None:
    machines = cloud.region(account, region).machines
    for machine in [machines[one] for one in ids]:
        machine.protected = machine.protected if terminate is None else terminate
        machine.stop_protected = machine.stop_protected if stop is None else stop


@verb
def close_region(cloud: Cloud, region: str, closed: bool = True, account: str = ACCOUNT) -> None:
    """The account has not enabled it, or has now."""
    (cloud.closed.add if closed else cloud.closed.discard)((account, region))


@verb
def role(cloud: Cloud, arn: str, trust: Sequence[Mapping[str, Any]], rights: Sequence[Mapping[str, Any]] = ()) -> None:
    """A role that IAM knows, in place of the one it knew by that name; both are statements of policies."""
    cloud.roles[arn] = {"trust": list(trust), "rights": list(rights)}


# ---- what is and what was --------------------------------------------------------------------------------------------


@verb
def machines(
    cloud: Cloud,
    region: str = "",
    account: str = "",
    tags: Mapping[str, str] | None = None,
    fields: Sequence[str] = ("id", "state", "zone", "type", "since", "launched", "token", "tags"),
) -> list[dict[str, Any]]:
    """Every machine there is, unseen and terminated ones too, of one account or region or of all."""
    wanted = (tags or {}).items()
    return [
        {name: _FIELDS[name](one) for name in fields}
        for (owner, name), place in cloud.regions.items()
        if (not account or owner == account) and (not region or name == region)
        for one in place.everything
        if wanted <= one.tags.items()
    ]


_FIELDS: Mapping[str, Callable[[Machine], Any]] = {
    "id": lambda one: one.id,
    "state": lambda one: one.state,
    "zone": lambda one: one.facts.zone,
    "type": lambda one: one.facts.instance_type,
    "account": lambda one: one.facts.account,
    "since": lambda one: one.since,
    "launched": lambda one: one.launched,
    "token": lambda one: one.token,
    "index": lambda one: one.index,
    "tags": lambda one: one.tags,
    "reason": lambda one: one.reason,
    "protected": lambda one: one.protected,
    "public_ip": lambda one: one.public_ip,
}


@verb
def calls(cloud: Cloud, since: int = 0, actions: Sequence[str] = ()) -> list[dict[str, Any]]:
    """Mutating calls by number after `since`, in the order in which they took effect or were refused."""
    return cloud.ledger.calls_since(since, set(actions))


@verb
def changes(cloud: Cloud, since: int = 0, ids: Sequence[str] = ()) -> list[Any]:
    """(number, at, id, before, after, cause) of every change of a machine's state after `since`."""
    return cloud.ledger.changes_since(since, set(ids))


@verb
def counts(cloud: Cloud) -> dict[str, Any]:
    """Calls by action since the beginning, and how many machines listings have shown."""
    return {"calls": dict(cloud.ledger.counts), "machines_shown": cloud.ledger.machines_shown}
