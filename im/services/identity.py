"""Whose machines may we touch, and believe what we see of them: this deployment's, in the account it began with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from im.db import scopes
from im.providers import errors
from im.providers.errors import ProviderError

if TYPE_CHECKING:
    from im.services.scope_run import ScopeRun


def wrong_account(run: ScopeRun, *, afresh: bool = False) -> ProviderError | None:
    """The reason why nothing in this scope may be changed, or believed, with the credentials we have; None when all is well.

    `afresh`: the cloud itself is asked, whatever it said before.
    """
    try:
        ours = run.provider.identity(run.scope, afresh=True) if afresh else run.provider.identity(run.scope)
    except ProviderError as exc:
        return exc
    with run.ctx.begin() as connection:
        theirs = scopes.belongs_to(connection, run.scope, ours)
    if theirs == ours:
        return None
    account = run.scope.account
    return errors.Forbidden(
        f"the account '{account}' is {theirs}, but its credentials now belong to {ours}: nothing there is believed or "
        f"changed. Give '{account}' its credentials back, and declare {ours} under a name of its own"
    )
