"""`--spot` and `--max-price` of `im create`: a machine from the cloud's spare room."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

import click

from im.domain.spec.spot import ONCE, PERSISTENT, Spot, parse_max_price

F = TypeVar("F", bound=Callable[..., Any])


def spot_options(command: F) -> F:
    """The two as `spot: Spot | None`, and `max_price` where it is none of a spot machine."""

    @click.option(
        "--spot",
        "market",
        is_flag=False,
        flag_value=PERSISTENT,
        type=click.Choice([PERSISTENT, ONCE]),
        help="From the cloud's spare room, which it may take back: then it is stopped, like at its deadline; "
        "one-time: terminated, by both.",
    )
    @click.option(
        "--max-price", metavar="USD", help="The most an hour may cost, like 0.05: with --spot, or with --provider any."
    )
    @wraps(command)
    def gathered(*args: Any, market: str | None, max_price: str | None, **rest: Any) -> Any:
        most = parse_max_price(max_price) if max_price is not None else None
        spot = Spot(market == ONCE, most) if market else None
        return command(*args, spot=spot, max_price=None if market else most, **rest)

    return gathered  # type: ignore[return-value]  # same command, other keywords
