"""`im gc`: firewalls, keys, addresses and schedules of ours that nothing uses, shown, asked about, and taken away by a worker."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

import click

from im.cli.options.shared import Duration, Output, output_options
from im.cli.output.confirm import confirm
from im.cli.output.errors import note
from im.cli.output.terminal import plain
from im.cli.session import Session, pass_session
from im.domain.errors import ImError, Refused, WaitTimedOut
from im.domain.input.duration import format_duration
from im.views.exits import Ended

if TYPE_CHECKING:
    from im.domain.leftover import Leftover, Survey

LOOK_EVERY = 0.3
"""Seconds between two looks at the rows."""


@click.command(short_help="Take away groups and keys of ours that nothing uses.")
@click.option("--dry-run", is_flag=True, help="Show what lies unused, and take nothing away.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@click.option("--timeout", type=Duration(), default="1m", show_default=True, metavar="DURATION", help="Wait no longer.")
@output_options
@pass_session
def gc(session: Session, dry_run: bool, yes: bool, timeout: timedelta, output: Output) -> None:
    """Take away the firewalls, keys, addresses and schedules that im made and that nothing uses any more. Asks first."""
    session.request()
    fleet = session.backend.fleet
    fleet.look_for_leftovers()
    seen = _wait(fleet.leftovers, lambda now: now.open == 0, timeout)
    unused = [one for one in seen.found if one.gone_at is None]
    for scope, why in seen.troubles.items():
        note(f"{scope} could not be looked at: {why}")
    if dry_run or not unused:
        _show(unused, output, "unused")
        return
    if not yes:
        _confirm(unused)
    with session.storing(f"the request to take away {len(unused)} things"):
        fleet.approve_deletion(unused)
    wanted = {(one.scope, one.id) for one in unused}

    def mine(now: Survey) -> list[Leftover]:
        return [one for one in now.found if (one.scope, one.id) in wanted]

    try:
        end = mine(_wait(fleet.leftovers, lambda now: not any(o.waiting for o in mine(now)), timeout))
    except WaitTimedOut as exc:
        raise Ended(exc) from None
    _show([one for one in end if one.gone_at is not None], output, "taken away")
    stayed = [one for one in end if one.gone_at is None]
    if stayed:
        more = f" (and {len(stayed) - 1} more)" if len(stayed) > 1 else ""
        told = f"{stayed[0].kind} {stayed[0].name} stays: {stayed[0].error}{more}"
        raise Ended(ImError(told, "im gc --dry-run  looks again"))


def _wait(look: Callable[[], Survey], done: Callable[[Survey], bool], timeout: timedelta) -> Survey:
    until = time.monotonic() + timeout.total_seconds()
    while not done(seen := look()):
        if time.monotonic() > until:
            raise WaitTimedOut(
                f"no worker has answered within {format_duration(timeout)}; the work goes on",
                "im doctor  says whether one is there",
            )
        time.sleep(LOOK_EVERY)
    return seen


def _show(things: Sequence[Leftover], output: Output, what: str) -> None:
    if output.form == "json":
        from im.cli.output.table import say_json
        from im.views.leftover import leftover_json

        say_json([leftover_json(one) for one in things])
    elif output.form in ("name", "id"):
        for one in things:
            click.echo(plain(one.name if output.form == "name" else one.id))
    elif not things:
        click.echo("Nothing of ours lies unused.")
    else:
        for one in things:
            click.echo(_line(one))
        click.echo(f"{len(things)} {what}")


def _line(one: Leftover) -> str:
    why = f"  (stayed: {one.error})" if one.error else ""
    return plain(f"{one.kind}  {one.id}  {one.name}  {one.detail}  {one.scope}{why}")


def _confirm(things: Sequence[Leftover]) -> None:
    many = f"{len(things)} of them" if len(things) > 1 else f"{things[0].kind} {plain(things[0].name)}"
    unattended = Refused(f"{many} would be taken away, and nobody is here to ask", "say it with -y")
    confirm(f"Take away {many}?", unattended, (f"  {_line(one)}" for one in things[:20]), "nothing was taken away")
