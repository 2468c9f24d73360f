"""How a machine's life ends: options of `im create`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeVar

import click

from im.domain.input.duration import parse_keep
from im.domain.state import OnExpiry

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Life:
    """What follows the deadline. `keep_stopped` is empty where nothing was said; `forever` is an answer too."""

    keep_stopped: str = ""
    protect: bool = False
    on_expiry: OnExpiry | None = None


def life_options(command: F) -> F:
    """`--on-expiry`, `--keep-stopped` and `--protect`, as `life: Life`."""

    @click.option(
        "--on-expiry",
        type=click.Choice([one.value for one in OnExpiry]),
        help="What its deadline does; default stop. Where a stopped machine costs as much as a running one, terminate saves, and "
        "shelve keeps a snapshot.",
    )
    @click.option(
        "--keep-stopped",
        metavar="DURATION",
        help="Terminate it this long after its TTL has stopped it; or forever. An extend or a start cancels that.",
    )
    @click.option("--protect", is_flag=True, help="Refuse to terminate it, here and at the cloud; see im protect.")
    @wraps(command)
    def gathered(*args: Any, on_expiry: str | None, keep_stopped: str | None, protect: bool, **rest: Any) -> Any:
        if keep_stopped is not None:
            parse_keep(keep_stopped)
        return command(
            *args, life=Life(keep_stopped or "", protect, OnExpiry(on_expiry) if on_expiry else None), **rest
        )

    return gathered  # type: ignore[return-value]  # same command, other keywords
