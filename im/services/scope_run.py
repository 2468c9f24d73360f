"""One scope's work as one object: who works on a scope is handed this, and needs to know nothing more of where it works."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from im.db import scopes

if TYPE_CHECKING:
    from im.context import Context
    from im.domain.scope import Scope
    from im.providers.contract import Provider


@dataclass(frozen=True, slots=True)
class ScopeRun:
    """The work of this process on one scope, from a doorbell to its answer."""

    ctx: Context
    provider: Provider
    scope: Scope
    scope_id: int
    """The scope's row: what `scope_id` is in every table."""

    @property
    def stands_aside(self) -> bool:
        """The cloud refuses this process here, and what is due is left to others; see `im.services.reconcile.refusal`."""
        return self.scope_id in self.ctx.refusals


def run_in(ctx: Context, scope_id: int) -> ScopeRun | None:
    """The run of a scope by its row; None for a scope that does not exist."""
    with ctx.begin() as connection:
        scope = scopes.read(connection, scope_id)
    return None if scope is None else ScopeRun(ctx, ctx.provider_for(scope), scope, scope_id)
