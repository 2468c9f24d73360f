"""`im offers`: which clouds have machines with these GPUs, where, and at what price."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal, InvalidOperation

import click

from im.cli.output.errors import note
from im.cli.output.terminal import plain
from im.cli.session import Session, pass_session
from im.domain.errors import Refused
from im.domain.input.duration import format_duration, parse_duration
from im.domain.money.amount import show
from im.domain.money.offer import Offer, Offers

_HEADS = ("CLOUD", "TYPE", "GPUS", "ROOM", "WHERE", "$/H", "$/GPU/H", "UNTIL THEN", "PRICE FROM")
_SHOWN = 3
"""Zones that are named; more are counted."""


@click.command(short_help="Which clouds have these GPUs, where, and at what price.")
@click.option("--gpu", metavar="GPU[:NUMBER]", help="h100, h100:8, a100-80gb; all that there are when nothing is said.")
@click.option("--max-price", metavar="USD", help="An hour, for the whole machine; what costs more is left out.")
@click.option(
    "-d", "--duration", metavar="DURATION", default="1h", show_default=True, help="For how long the bill is told."
)
@click.option("-o", "--output", type=click.Choice(["table", "json"]), default="table", help="Form of the answer.")
@click.option("--json", "as_json", is_flag=True, help="The same as -o json.")
@pass_session
def offers(session: Session, gpu: str | None, max_price: str | None, duration: str, output: str, as_json: bool) -> None:
    """Machines with GPUs over all clouds that are configured here, the cheapest first. Nothing is launched.

    \b
    im offers --gpu h100:1
    im offers --gpu h100:8 --max-price 40 -d 8h
    """
    span = parse_duration(duration)
    told = session.backend.money.offers(gpu, _usd(max_price), span)
    if as_json or output == "json":
        from im.cli.output.table import say_json
        from im.views.offer import offers_json

        say_json(offers_json(told))
        return
    _tell(told, span)


def _usd(typed: str | None) -> Decimal | None:
    if typed is None:
        return None
    try:
        amount = Decimal(typed.removeprefix("$"))
    except InvalidOperation:
        raise Refused(f"'{typed[:40]}' is not an amount", "write USD per hour, like 3 or 2.49") from None
    if not amount.is_finite() or not 0 < amount < 10_000:
        raise Refused(f"'{typed[:40]}' cannot be a price", "write USD per hour, like 3 or 2.49")
    return amount


def _tell(told: Offers, span: timedelta) -> None:
    from im.cli.output.table import text_table
    from im.cli.output.terminal import takes_colour

    if told.found:
        heads = tuple(f"FOR {format_duration(span)}" if one == "UNTIL THEN" else one for one in _HEADS)
        body = [[plain(cell) for cell in _cells(one, told)] for one in told.found]
        click.echo(text_table(heads, body, right={5, 6, 7}), color=takes_colour())
    else:
        click.echo("No cloud that is configured here has it at that price.")
    for one in told.silent:
        whose = f"{one.provider}, account {one.account}" if one.account else one.provider
        note(f"{whose}: {one.why}")


def _cells(one: Offer, told: Offers) -> list[str]:
    cloud = one.provider if one.account == "default" else f"{one.provider} ({one.account})"
    money = [
        show(usd) if usd is not None else "unknown" for usd in (one.usd_per_hour, one.usd_per_gpu, one.usd_to_deadline)
    ]
    return [cloud, one.instance_type, str(one.gpus), _room(one, told), _where(one), *money, one.price_source or "-"]


def _room(one: Offer, told: Offers) -> str:
    """With the age of the answer."""
    if one.asked_at is None:
        return "not asked"
    age = max(timedelta(0), told.now - one.asked_at)
    ago = "now" if age < timedelta(seconds=5) else f"{format_duration(age)} ago"
    return f"yes, {ago}" if one.room else f"sold, {ago}"


def _where(one: Offer) -> str:
    if not one.zones:
        return one.region
    more = len(one.zones) - _SHOWN
    return ", ".join(one.zones[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
