"""`im budget`: what may be spent in a month, by whom, and how much of it is left."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

import click

from im.cli.output.errors import note
from im.cli.session import Session, pass_session
from im.domain.errors import Refused
from im.domain.input.text import OWNER, check_text
from im.domain.money.amount import cents, show
from im.domain.money.budget import EVERYBODY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from im.domain.money.budget import Use


@click.group(invoke_without_command=True, short_help="What may be spent in a month, and what is left.")
@click.option("-o", "--output", type=click.Choice(["table", "json"]), default="table", help="Form of the answer.")
@click.option("--json", "as_json", is_flag=True, help="The same as -o json.")
@click.pass_context
@pass_session
def budget(session: Session, ctx: click.Context, output: str, as_json: bool) -> None:
    """What may be spent in a calendar month (UTC), and what is left of it. Owners are advisory.

    \b
    im budget set 50                 # for yourself
    im budget set 200 --owner bob
    im budget set 1000 --everybody
    """
    if ctx.invoked_subcommand is not None:
        return
    found = session.backend.money.budgets()
    if as_json or output == "json":
        from im.cli.output.table import say_json
        from im.views.budget import budget_json

        say_json([budget_json(use) for use in found])
    elif not found:
        click.echo("No budget: nothing is refused for its price.  im budget set 50")
    else:
        _tell(found)


@budget.command("set")
@click.argument("usd", metavar="USD")
@click.option("--owner", metavar="NAME", help="Whose; yours when left out.")
@click.option("--everybody", is_flag=True, help="The whole deployment together.")
@pass_session
def set_(session: Session, usd: str, owner: str | None, everybody: bool) -> None:
    """Allow so many US dollars a month. What would cost more is refused; what runs already is left alone."""
    try:
        amount = Decimal(usd.removeprefix("$"))
    except InvalidOperation:
        raise Refused(f"'{usd[:40]}' is not an amount", "write it like 50 or 49.90") from None
    if not amount.is_finite() or not 0 <= amount < 1_000_000_000:
        raise Refused(f"'{usd[:40]}' cannot be a budget", "write USD a month, like 50")
    session.request()
    with session.storing("the budget"):
        use = session.backend.money.set_budget(_whose(session, owner, everybody), amount)
    _tell([use])


@budget.command("remove")
@click.option("--owner", metavar="NAME", help="Whose; yours when left out.")
@click.option("--everybody", is_flag=True, help="The whole deployment together.")
@pass_session
def remove(session: Session, owner: str | None, everybody: bool) -> None:
    """Set no limit any more."""
    whose = _whose(session, owner, everybody)
    session.request()
    with session.storing("the removal of the budget"):
        session.backend.money.remove_budget(whose)
    click.echo(f"no budget any more for {whose or 'everybody together'}")


def _whose(session: Session, owner: str | None, everybody: bool) -> str:
    if everybody and owner is not None:
        raise Refused("a budget is one owner's or everybody's", "leave --owner or --everybody out")
    if owner == "":
        raise Refused("an owner has a name", "--everybody  is the budget of all together")
    if owner is not None:
        check_text(owner, "--owner", OWNER, "name who owns the machines: im list  shows it")
    return EVERYBODY if everybody else owner or session.backend.me


def _tell(found: Sequence[Use]) -> None:
    from im.cli.output.table import text_table
    from im.cli.output.terminal import plain, takes_colour

    heads = ("OWNER", "A MONTH", "SPENT", "PROMISED", "LEFT")
    body = [
        [
            plain(use.budget.owner or "(everybody)"),
            *(_usd(usd) for usd in (use.budget.usd_per_month, use.spent, use.promised, use.left)),
        ]
        for use in found
    ]
    click.echo(text_table(heads, body, right={1, 2, 3, 4}), color=takes_colour())
    unknown = sorted({name for use in found for name in use.unknown})
    if unknown:
        note(f"no price is known for {', '.join(unknown)}: it is in none of the sums")


def _usd(usd: Decimal) -> str:
    rounded = cents(usd)
    return show(rounded) if rounded else "$0.00"
