"""The options of `im create` that say what kind of machine it is to be, gathered into one value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

import click

from im.cli.options.spot import spot_options
from im.cli.options.user_data import read_user_data
from im.domain.spec import firewall
from im.domain.spec.disk import parse_disk
from im.domain.spec.names import check_login
from im.providers import registry
from im.providers.request import Ask

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Machine:
    """What was typed, each part checked as far as that can be done without knowing the cloud."""

    ask: Ask
    """Without its type, zone, key, owner and tags."""
    ssh_from: tuple[str, ...]
    """Words: me, none, or networks; empty when nothing was said."""
    max_price: Decimal | None = None
    """USD an hour, of what is no spot machine."""


def machine_options(command: F) -> F:
    """Everything about the machine but its type, zone and key, as `machine: Machine`."""

    @click.option(
        "--image",
        metavar="IMAGE",
        help="ubuntu-24.04, debian-12 …, or the cloud's own name or id of one; each cloud has its default.",
    )
    @click.option("--ssh-user", metavar="USER", help="Who logs in, should the image not tell.")
    @click.option(
        "--ssh-from",
        multiple=True,
        metavar="CIDR|me|none",
        help="Who may log in; default me: the address this machine has.",
    )
    @click.option("--open", "opened", multiple=True, metavar="PORTS", help="443/tcp,8000-8010/tcp, 53/udp@10.0.0.0/8.")
    @click.option(
        "--user-data",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="What it runs at its first start; never shown.",
    )
    @click.option("--hibernate", is_flag=True, help="Keep its memory when it is stopped.")
    @click.option("--disk", metavar="GB|SIZE=…", help="The root disk: 50, or size=50,type=io2,iops=4000,keep.")
    @click.option("--volume", "volumes", multiple=True, metavar="GB|SIZE=…", help="Another disk, likewise; repeatable.")
    @click.option("--subnet", metavar="SUBNET", help="Where in the network; the zone follows it.")
    @click.option("--vpc", metavar="VPC", help="Which network; its subnet in the zone is taken.")
    @click.option(
        "--public-ip", type=click.Choice(["yes", "no"]), help="A public address; default: as the subnet does."
    )
    @_cloud_flags
    @spot_options
    @wraps(command)
    def gathered(*args: Any, **given: Any) -> Any:
        user = given.pop("ssh_user")
        ssh_from = firewall.check_sources(given.pop("ssh_from"))
        opened = tuple(rule for text in given.pop("opened") for rule in firewall.parse_open(text))
        firewall.check_door(ssh_from, opened)
        own = {flag.name: given.pop(flag.name.replace("-", "_")) for flag in registry.flags()}
        ask = Ask(
            image=given.pop("image"),
            ssh_user=check_login(user) if user else None,
            open_ports=opened,
            user_data=read_user_data(path) if (path := given.pop("user_data")) else None,
            hibernate=given.pop("hibernate"),
            root_disk=parse_disk(disk) if (disk := given.pop("disk")) else None,
            volumes=tuple(parse_disk(text) for text in given.pop("volumes")),
            network=given.pop("vpc"),
            subnet=given.pop("subnet"),
            spot=given.pop("spot"),
            options={"public-ip": given.pop("public_ip"), **own},
        )
        return command(*args, machine=Machine(ask, ssh_from, given.pop("max_price")), **given)

    return gathered  # type: ignore[return-value]  # same command, other keywords


def _cloud_flags(command: F) -> F:
    for flag in reversed(registry.flags()):
        option = click.option(f"--{flag.name}", multiple=flag.repeatable, metavar=flag.metavar, help=flag.help)
        command = option(command)
    return command
