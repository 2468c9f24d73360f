"""`im quota`: how many, how much an hour, how long and of which types, for a user, a team or everybody of a role."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

import click

from im.cli.options.shared import Duration, Output, output_options
from im.cli.session import Session, pass_session
from im.domain.access import Role
from im.domain.errors import Refused
from im.domain.input.text import OWNER, check_text
from im.domain.people.quota import Quota, QuotaFor

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from im.domain.people.quota import Use


@click.group(invoke_without_command=True, short_help="How many, how much an hour and how long, for each.")
@output_options
@click.pass_context
@pass_session
def quota(session: Session, ctx: click.Context, output: Output) -> None:
    """What a user, a team or everybody of a role may have at a time. What would be more is refused; what runs stays.

    \b
    im quota set --user bob --live 5 --usd-per-hour 3
    im quota set --team ml --live 20 --types 'g5.*,p4d.*'
    im quota set --role member --ttl 12h --life 7d
    """
    if ctx.invoked_subcommand is not None:
        return
    found = session.backend.people.quotas()
    if output.form == "table" and not found:
        click.echo("No quota: nothing is refused for being too much.  im quota set --role member --live 10")
        return
    _tell(found, output)


def _whose(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--user`, `--team` and `--role`."""
    for option, metavar, says in (
        ("--role", "ROLE", "What each user of this role may have, alone."),
        ("--team", "TEAM", "What a team and its members may have together."),
        ("--user", "LOGIN", "What one user may have."),
    ):
        command = click.option(option, metavar=metavar, help=says)(command)
    return command


@quota.command("set")
@_whose
@click.option("--live", type=click.IntRange(0, 1_000_000), metavar="N", help="Instances that run, or are to run.")
@click.option("--usd-per-hour", "usd", metavar="USD", help="What all that runs may cost an hour.")
@click.option("--ttl", type=Duration(), metavar="DURATION", help="The longest from a request to the deadline.")
@click.option("--life", type=Duration(), metavar="DURATION", help="The longest from creation to the deadline.")
@click.option("--types", multiple=True, metavar="PATTERN,…", help="Instance types that are allowed, such as 't3.*'.")
@output_options
@pass_session
def set_(
    session: Session,
    user: str | None,
    team: str | None,
    role: str | None,
    live: int | None,
    usd: str | None,
    ttl: timedelta | None,
    life: timedelta | None,
    types: tuple[str, ...],
    output: Output,
) -> None:
    """Set a quota, in place of the one there was: what is left out is not limited."""
    of, name = _named(user, team, role)
    patterns = tuple(one.strip() for word in types for one in word.split(",") if one.strip())
    wanted = Quota(of, name, live, None if usd is None else _amount(usd), ttl, life, patterns)
    if wanted == Quota(of, name):
        raise Refused("that would limit nothing", "name --live, --usd-per-hour, --ttl, --life or --types")
    session.request()
    with session.storing("the quota"):
        use = session.backend.people.set_quota(wanted)
    _tell([use], output)


@quota.command("remove")
@_whose
@pass_session
def remove(session: Session, user: str | None, team: str | None, role: str | None) -> None:
    """Set no limit any more."""
    of, name = _named(user, team, role)
    session.request()
    with session.storing("the removal of the quota"):
        session.backend.people.remove_quota(of, name)
    click.echo(f"no quota any more for {of} {name}")


def _named(user: str | None, team: str | None, role: str | None) -> tuple[QuotaFor, str]:
    given = [(of, name) for of, name in zip(QuotaFor, (user, team, role), strict=True) if name is not None]
    if len(given) != 1:
        raise Refused("whose quota?", "name one of --user LOGIN, --team TEAM and --role ROLE")
    of, name = given[0]
    if of is QuotaFor.ROLE and name not in {one.value for one in Role}:
        raise Refused(f"there is no role '{name[:40]}'", f"choose from {', '.join(Role)}")
    return of, check_text(name, f"--{of}", OWNER, "im user  shows who there is")


def _amount(usd: str) -> Decimal:
    try:
        amount = Decimal(usd.removeprefix("$"))
    except InvalidOperation:
        raise Refused(f"'{usd[:40]}' is not an amount", "write it like 3 or 0.50") from None
    if not amount.is_finite() or not 0 <= amount < 1_000_000:
        raise Refused(f"'{usd[:40]}' cannot be a limit", "write USD an hour, like 3")
    return amount


def _tell(found: Sequence[Use], output: Output) -> None:
    from im.cli.output.table import say_json, text_table
    from im.cli.output.terminal import plain, takes_colour
    from im.domain.input.duration import format_duration
    from im.domain.money.amount import show

    if output.form == "json":
        from im.views.quota import quota_json

        say_json([quota_json(use) for use in found])
        return
    if output.form in ("name", "id"):
        for use in found:
            click.echo(plain(use.quota.name))
        return

    def beside(taken: object, limit: object) -> str:
        return "-" if limit is None else str(limit) if taken is None else f"{taken} of {limit}"

    heads = ("OF", "NAME", "LIVE", "AN HOUR", "TTL", "LIFE", "TYPES")
    body = []
    for use in found:
        one, taken = use.quota, use.taken
        spent = show(taken.usd_per_hour) if taken and taken.usd_per_hour is not None else None
        limit = None if one.usd_per_hour is None else show(one.usd_per_hour)
        body.append(
            [
                one.of.value,
                plain(one.name),
                beside(taken.live if taken else None, one.live),
                beside(spent, limit),
                format_duration(one.longest_ttl) if one.longest_ttl else "-",
                format_duration(one.longest_life) if one.longest_life else "-",
                plain(",".join(one.types) or "-"),
            ]
        )
    click.echo(text_table(heads, body), color=takes_colour())
