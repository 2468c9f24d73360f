"""The options of `im create` that say what kind of machine it is to be, gathered into one value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeVar

import click

from im.domain.names import check_login

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Machine:
    """What was typed, each part checked as far as that can be done without knowing the cloud."""

    image: str | None
    ssh_user: str | None


def machine_options(command: F) -> F:
    """Everything about the machine but its type, zone and key, as `machine: Machine`."""

    @click.option(
        "--image",
        metavar="IMAGE",
        help="al2023 (the default), ubuntu-24.04, debian-12, windows-2022, dl-base …, an AMI id, or PATTERN:OWNER.",
    )
    @click.option("--ssh-user", metavar="USER", help="Who logs in, should the image not tell.")
    @wraps(command)
    def gathered(*args: Any, image: str | None, ssh_user: str | None, **rest: Any) -> Any:
        machine = Machine(image=image, ssh_user=check_login(ssh_user) if ssh_user else None)
        return command(*args, machine=machine, **rest)

    return gathered  # type: ignore[return-value]  # same command, other keywords
