"""Asked before what cannot be undone; where nobody is there to ask, it is refused."""

from __future__ import annotations

from collections.abc import Iterable

import click

from im.cli.output.terminal import is_attended
from im.domain.errors import Refused
from im.domain.input.listed import listed


def confirmed(question: str, unattended: Refused, details: Iterable[str] = ()) -> bool:
    """What a person answers, who is shown `details` first, a line each. Raises `unattended` where none is there."""
    if not is_attended():
        raise unattended
    for line in details:
        click.echo(line, err=True)
    return click.confirm(question, err=True)


def confirm(question: str, unattended: Refused, details: Iterable[str], declined: str) -> None:
    """Raises Refused, in the words `declined`, unless the answer is yes."""
    if not confirmed(question, unattended, details):
        raise Refused(declined, "")


def cannot_be_undone(names: list[str]) -> Refused:
    """For a termination that nobody is there to confirm."""
    shown = listed(names, 5, most=6, before=", and ")
    return Refused(f"terminating {shown} cannot be undone, and nobody is here to ask", "say it with -y")
