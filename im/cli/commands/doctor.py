"""`im doctor`: every check with how to mend what is broken; exit code 1 when anything is."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING

import click

from im.cli.output.terminal import plain, takes_colour
from im.cli.session import Session, pass_session
from im.domain.errors import ImError, Refused

if TYPE_CHECKING:
    from collections.abc import Sequence

    from im.cli.backend.place import Place
    from im.providers.contract import Check
    from im.settings import Settings


_WIDTH = 26
"""As long as the longest name of a check: `kubernetes, storage class`."""


@click.command(short_help="Check everything, and say how to mend what is broken.")
@click.option("-o", "--output", type=click.Choice(["table", "json"]), default="table", help="Form of the answer.")
@click.option("--json", "as_json", is_flag=True, help="The same as -o json.")
@click.option(
    "--only", metavar="CHECK", help="One kind of check: database, workers, beat, cloud …; here: this host's own worker."
)
@pass_session
def doctor(session: Session, output: str, as_json: bool, only: str | None) -> None:
    """Check database, migrations, broker, workers, beat, cloud and clocks, and say how to mend what is broken."""
    place, unusable = _place(session)
    if place is not None or unusable:
        _over_the_api(place, unusable, only, as_json=as_json or output == "json")
        return
    from im.providers.contract import Check
    from im.services.health.doctor import diagnose

    session.log_to_stderr()
    session.warns = False
    settings, refused = _settings(session)
    checks: list[Check] = []
    as_table = not (as_json or output == "json")
    if as_table and settings.sandbox:
        click.echo(click.style("sandbox: the cloud is pretended", dim=True), color=takes_colour())
    unreadable = (Check("settings", ok=False, detail=one.message, fix=one.hint) for one in refused)
    for check in chain(unreadable, _config_file(settings, only), diagnose(settings, only)):
        checks.append(check)
        if as_table:
            _tell(check)
    if not as_table:
        from im.cli.output.table import say_json
        from im.views.health import checks_json

        told = [replace(one, detail=plain(one.detail), fix=plain(one.fix)) for one in checks]
        say_json(checks_json(told, sandbox=settings.sandbox))
    elif not only:
        _tell_addresses(settings)
    _end(checks)


def _place(session: Session) -> tuple[Place | None, list[ImError]]:
    """Where commands are sent; an address or a token that cannot be is a finding."""
    try:
        return session.place, []
    except ImError as exc:
        return None, [exc]


def _over_the_api(place: Place | None, unusable: Sequence[ImError], only: str | None, *, as_json: bool) -> None:
    from im.cli.backend.remote.doctor import Findings

    found = Findings(place, unusable)
    checks: list[Check] = []
    for check in found.all(only):
        checks.append(check)
        if not as_json:
            _tell(check)
    if as_json:
        from im.cli.output.table import say_json
        from im.views.health import checks_json

        told = [replace(one, detail=plain(one.detail), fix=plain(one.fix)) for one in checks]
        say_json(checks_json(told, sandbox=found.sandbox))
    _end(checks)


def _end(checks: Sequence[Check]) -> None:
    sys.stdout.flush()
    if not all(c.ok for c in checks):
        click.get_current_context().exit(1)


def _tell_addresses(settings: Settings) -> None:
    from im.address import shown
    from im.web.address import page_answers, page_url

    url = page_url(settings)
    if page_answers(settings):
        click.echo(f"{'page':<{_WIDTH}} {url}   (im web link  signs you in)")
    if settings.flower_url:
        click.echo(f"{'flower':<{_WIDTH}} {shown(settings.flower_url)}")


def _config_file(settings: Settings, only: str | None) -> list[Check]:
    from im.providers.contract import Check

    told = "" if only else settings.exposure
    return [Check("config file", ok=False, detail=told, fix=f"chmod 600 {settings.config}")] if told else []


def _settings(session: Session) -> tuple[Settings, list[Refused]]:
    """A variable that cannot be is a finding, and hides none of the others."""
    from im.services.health.doctor_settings import what_can_be_read

    try:
        return session.settings, []
    except Refused:
        return what_can_be_read(os.environ)


def _tell(check: Check) -> None:
    mark = click.style("ok  ", fg="green") if check.ok else click.style("FAIL", fg="red", bold=True)
    click.echo(f"{plain(check.name):<{_WIDTH}} {mark}  {plain(check.detail)}", color=takes_colour())
    if not check.ok and check.fix:
        click.echo(f"{'':<25}→ {plain(check.fix)}", color=takes_colour())
