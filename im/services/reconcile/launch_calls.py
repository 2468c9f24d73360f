"""A claimed launch is looked for if it was called before, and called: what it has made, or an error that says why nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from im.db import launches, user_data
from im.domain.lifecycle import MAX_ATTEMPTS
from im.domain.sighting import Sighting
from im.domain.spec import placement
from im.domain.spec.spec import Spec
from im.failpoints import Point, reach
from im.providers import errors
from im.providers.contract import Filter, Slot, merge_pages
from im.services.batches import Overtaken
from im.services.reconcile import next_place
from im.services.reconcile.launch_claims import Claimed, Lookup, wanted

if TYPE_CHECKING:
    from im.services.scope_run import ScopeRun


def machines(run: ScopeRun, claimed: Claimed) -> Sequence[Sighting] | None:
    """What the launch made or makes now; [] when it certainly made nothing and need not; None when only time will tell.

    What a look has shown stays in `claimed`, for whoever has to judge an error that comes after it. Raises ProviderError and
    Overtaken.
    """
    launch = claimed.launch
    if claimed.fresh:
        return _call(run, claimed)
    if launch.attempts > 2 * MAX_ATTEMPTS:
        raise errors.Unknown(f"{launch.attempts} workers took it up and none came back")
    snapshot = merge_pages(run.provider.list(run.scope, Filter(token=launch.token, spec=launch.spec)))
    found = snapshot.sightings
    reach(Point.LAUNCH_LOOKED)
    can = run.provider.capabilities
    if len(found) >= min(len(launch.slots), can.launch_makes or len(launch.slots)):
        return found  # more than these it cannot have made, and they have deadlines to keep
    assert launch.called_at is not None
    waited = claimed.claimed_at - launch.called_at > can.launch_visible_within
    claimed.look = look = Lookup(tuple(found), snapshot.complete and waited)
    anybody = any(wanted(row, launch.token, claimed.claimed_at) for row in claimed.rows)
    if can.idempotent_launch and (anybody or found):
        return _call(run, claimed)
    if not look.certain:
        return None
    return _call(run, claimed) if anybody and not found else found


def _call(run: ScopeRun, claimed: Claimed) -> Sequence[Sighting] | None:
    """Launch, if that is still ours to do: this process may have been stopped for minutes since it claimed.

    A cloud without launch tokens would make a second machine for a launch that somebody newer has called meanwhile.
    """
    launch = claimed.launch
    with run.ctx.begin() as connection:
        now = run.ctx.clock(connection)
        until = now + timedelta(seconds=run.ctx.settings.launch_lease)
        # without a fence it is called anew only once nothing of the call before can show any more: what may come of this one
        # may show as late again
        anew = None if run.provider.capabilities.idempotent_launch else now
        if not launches.renew(connection, launch.token, claimed.owner, until, called_at=anew):
            raise overtaken(claimed)
        anybody = bool(claimed.look.found) or launches.wanted(connection, launch, now)
        spec = user_data.attached(connection, launch.spec)
    if not anybody:
        return None
    if spec is None:
        raise errors.InvalidSpec("its user data was used and erased; create a new one with --user-data")
    if placement.is_open(spec):
        spec = _settle_place(run, claimed, spec)
    slots = [Slot(i, n) for i, n in zip(launch.slots, launch.names, strict=True)]
    reach(Point.LAUNCH_CALLING)
    return run.provider.launch(run.scope, spec, token=launch.token, slots=slots)


def _settle_place(run: ScopeRun, claimed: Claimed, spec: Spec) -> Spec:
    """Ask which zones there are, and write down the first before it is called: what went out can be repeated to the letter."""
    spec = next_place.spread(run.provider, run.scope, spec)
    with run.ctx.begin() as connection:
        if not launches.place(connection, claimed.launch.token, claimed.owner, spec):
            raise overtaken(claimed)
    claimed.launch = replace(claimed.launch, spec=replace(spec, user_data=None))
    return spec


def overtaken(claimed: Claimed) -> Overtaken:
    return Overtaken(f"{claimed.name}: somebody newer works on it")
