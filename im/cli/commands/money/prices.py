"""`im prices`: the price of each thing, from when it holds and where it comes from; and a price of one's own."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

import click

from im.cli.output.terminal import plain
from im.cli.session import Session, pass_session
from im.domain.errors import Refused
from im.domain.money.amount import show
from im.domain.money.bill import Item, unit_of
from im.domain.spec.spec import SPOTS

_FORM = click.Choice(["table", "json"])


@click.group(short_help="What things cost an hour, and where that is from.")
def prices() -> None:
    """What things cost an hour, from when, and where that is from."""


@prices.command("list")
@click.argument("items", nargs=-1, metavar="[TYPE]...")
@click.option("--provider", metavar="CLOUD", help="Default: IM_PROVIDER, else aws.")
@click.option("--region", metavar="REGION", help="Default: what `im doctor` says of your account.")
@click.option("-o", "--output", type=_FORM, default="table", help="Form of the answer.")
@click.option("--json", "as_json", is_flag=True, help="The same as -o json.")
@pass_session
def list_(
    session: Session, items: tuple[str, ...], provider: str | None, region: str | None, output: str, as_json: bool
) -> None:
    """The prices of TYPEs, or of everything that lives. Disks are disk:gp3, per GB and month; addresses ipv4; caps month:TYPE."""
    known = session.backend.money.prices(items, provider, region)
    if as_json or output == "json":
        from im.cli.output.table import say_json
        from im.views.price import price_json

        say_json([price_json(one) for one in known])
        return
    if not known:
        click.echo("Nothing lives that would have a price.  im prices list t3.micro")
        return
    from im.cli.output.table import text_table
    from im.cli.output.terminal import takes_colour

    heads = ("ITEM", "WHERE", "USD", "PER", "SOURCE")
    body = [
        [
            *(
                _named(one.item),
                plain(one.item.zone or one.item.region),
                show(one.price.usd) if one.price else "unknown",
            ),
            *(unit_of(one.item.name), one.price.source if one.price else "-"),
        ]
        for one in known
    ]
    click.echo(text_table(heads, body, right={2}), color=takes_colour())


@prices.command("set")
@click.argument("item", metavar="TYPE")
@click.argument("usd", metavar="USD_PER_HOUR")
@click.option("--provider", metavar="CLOUD", help="Default: IM_PROVIDER, else aws.")
@click.option("--region", metavar="REGION", help="Default: what `im doctor` says of your account.")
@click.option("--spot", is_flag=True, help="The price of it as a spot machine.")
@pass_session
def set_(session: Session, item: str, usd: str, provider: str | None, region: str | None, spot: bool) -> None:
    """State a price that no list tells, or your own. It holds from now on, until a price list says otherwise."""
    try:
        amount = Decimal(usd.removeprefix("$"))
    except InvalidOperation:
        raise Refused(f"'{usd[:40]}' is not an amount", "write it like 0.0104") from None
    if not amount.is_finite() or not 0 <= amount < 10_000:
        raise Refused(f"'{usd[:40]}' cannot be a price", "write USD per hour, like 0.0104")
    session.request()
    with session.storing("the price"):
        where = session.backend.money.set_price(item, amount, provider, region, spot=spot)
    per = {"GB month": "per GB and month", "month": "a month at most"}.get(unit_of(item), "an hour")
    click.echo(f"{item}{' (spot)' if spot else ''} in {where} costs {show(amount)} {per} from now on")


def _named(item: Item) -> str:
    return plain(item.name) + (" (spot)" if item.market in SPOTS else "")
