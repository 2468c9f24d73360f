"""The workers that answer, and what waits for them, for a page; `im doctor` says what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from im.queue.inspect import Worker, waiting, workers_alive

if TYPE_CHECKING:
    from collections.abc import Mapping

    from im.context import Context


@dataclass(frozen=True, slots=True)
class Workers:
    alive: Mapping[str, Worker]
    waiting: Mapping[str, int]
    """Messages in each queue."""


def workers(ctx: Context) -> Workers:
    """Takes seconds: nobody knows how many there are. Raises Unavailable."""
    return Workers(workers_alive(ctx.settings, within=0.7), waiting(ctx.settings))
