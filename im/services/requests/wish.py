"""A wish for machines as it is typed, at a prompt here or far away, before anything of a deployment is known."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from im.domain.guard import GuardKind
    from im.domain.intent import Deadline
    from im.domain.state import OnExpiry
    from im.providers.request import Ask


@dataclass(frozen=True, slots=True)
class Wish:
    """One `im create`. What is None is the deployment's or the cloud's to say."""

    ask: Ask
    """Without its owner, and without who may log in."""
    deadline: Deadline
    name: str | None = None
    count: int = 1
    provider: str | None = None
    account: str | None = None
    owner: str | None = None
    """None: whoever asks."""
    ssh_from: tuple[str, ...] = ()
    """Words: me, none, or networks; empty when nothing was said."""
    guard: GuardKind | None = None
    keep_stopped: str = ""
    protect: bool = False
    on_expiry: OnExpiry | None = None
    retry: bool = True
    max_price: Decimal | None = None
    """USD an hour, where any cloud will do; that of a spot machine is its own."""
