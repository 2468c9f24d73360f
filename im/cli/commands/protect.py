"""`im protect`: refuse to terminate a machine, or no longer."""

from __future__ import annotations

from datetime import timedelta

import click

from im.cli.options.selection import selection_options
from im.cli.options.shared import Output, Waiting, output_options
from im.cli.output.result import finish, names_of
from im.cli.output.terminal import plain
from im.cli.session import Session, pass_session
from im.domain.errors import Refused
from im.domain.intent import protect as check_protection
from im.domain.selection import Selection


@click.command(short_help="Refuse to terminate it, or no longer.")
@selection_options
@click.option("--off", is_flag=True, help="Lift the protection.")
@output_options
@pass_session
def protect(session: Session, selection: Selection, off: bool, output: Output) -> None:
    """Protect instances against being terminated, by im and at the cloud; they are still stopped at their deadline.

    \b
    im protect web-1
    im protect web-1 --off
    """
    session.request()
    chosen = session.backend.looks.select(selection)
    for row in chosen.rows:
        try:
            check_protection(row, not off)
        except Refused as exc:
            others = f"; none of the {len(chosen.rows)} was changed" if len(chosen.rows) > 1 else ""
            raise Refused(f"{plain(exc.message)}{others}", exc.hint) from None
    ids = [row.id for row in chosen.rows]
    with session.storing(f"the request to protect {names_of(chosen.rows)}{', or no longer,' if off else ''}"):
        answer = session.backend.requests.protect(ids, on=not off)
    told = "may be terminated again" if off else "is protected: im refuses to terminate it, and so will the cloud"
    finish(session, answer, Waiting(False, timedelta()), output, lambda _, row, __: f"{row.name}: {told}")
