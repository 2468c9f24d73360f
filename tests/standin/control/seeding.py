"""Machines that came into the world without a call: foreign ones, orphans, and a hundred thousand at once for measurements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tests.standin import lifecycle, stock
from tests.standin.cloud import ACCOUNT, Cloud
from tests.standin.machine import Disk, Facts, Machine, State
from tests.standin.region import Region
from tests.standin.services.ec2.groups import launch_groups


def create(
    cloud: Cloud,
    count: int = 1,
    tags: Mapping[str, str] | None = None,
    state: State = "running",
    zones: Sequence[str] = (),
    instance_types: Sequence[str] = ("t3.micro",),
    region: str = "us-east-1",
    account: str = ACCOUNT,
    per_launch: int = 1,
    age: float = 0.0,
    quiet: bool = False,
) -> list[str]:
    """Ids of new machines, already in `state`, spread over zones and types in turn, made `age` seconds ago.

    `{n}` in a tag's value is the machine's number in this call, from 0. `quiet` keeps them out of the ledger.
    Raises ValueError for a state that is a transition: those end by themselves, and these machines do not move.
    """
    if state not in ("running", "stopped"):
        raise ValueError(f"machines are created running or stopped, not {state}")
    place = cloud.region(account, region)
    kinds = [_facts(place, zone, name) for name in instance_types for zone in (zones or place.zones[:1])]
    wanted = dict(tags or {})
    numbered = [key for key, value in wanted.items() if "{n}" in value]
    made = []
    reservation = ""
    for number in range(count):
        if number % per_launch == 0:
            reservation = f"r-{place.new_hex()}"
        given = wanted | {key: wanted[key].replace("{n}", str(number)) for key in numbered}
        machine = place.make(kinds[number % len(kinds)], given, given)
        machine.reservation, machine.index = reservation, number % per_launch
        _settle(place, machine, state, age)
        if not quiet:
            cloud.ledger.changed(cloud.now, machine.id, "none", state, "seed")
        made.append(machine.id)
    return made


def _settle(region: Region, machine: Machine, state: State, age: float) -> None:
    machine.state, machine.state_reason = state, None
    machine.since = machine.launched = region.cloud.now - age
    if state == "running":
        machine.public_ip = region.new_public_ip()
    lifecycle.occupy(region, machine)


def _facts(region: Region, zone: str, instance_type: str) -> Facts:
    if zone not in region.zones:
        raise ValueError(f"{region.name} has no zone {zone}")
    kind = stock.TYPES[instance_type]
    image = next(
        one
        for one in stock.images(region.name).values()
        if one.architecture == kind.architecture and one.name.startswith("al2023") and stock.DATES[-1] in one.name
    )
    return Facts(
        account=region.account,
        image=image.id,
        instance_type=instance_type,
        architecture=kind.architecture,
        vcpus=kind.vcpus,
        zone=zone,
        subnet=region.subnets[zone],
        vpc=region.vpc,
        key_name=None,
        groups=launch_groups(region, {}),
        disks=(Disk(image.root_device, image.size, "gp3"),),
        root_device=image.root_device,
    )
