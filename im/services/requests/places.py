"""Types and zones of a create, each checked at the prompt; and the next of them when the cloud has definitely refused one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from im.domain.errors import Refused
from im.domain.spec import placement
from im.domain.spec.placement import ANY
from im.domain.spec.spec import Candidate, Spec

if TYPE_CHECKING:
    from im.domain.scope import Scope
    from im.providers.contract import Profile
    from im.providers.request import Ask

MOST = 40
"""Types times zones of one create."""


def plan(profile: Profile, ask: Ask, *, account: str, region: str | None, retry: bool) -> tuple[Scope, Spec]:
    """The first place of an ask, with all others named in it. Each is planned by itself, so that each is checked.

    Types come before zones: the type that is named first is tried in every zone before the second is.
    """
    types, zones = _listed(ask.instance_type, "type"), _listed(ask.zone, "zone")
    if ANY in zones and len(zones) > 1:
        raise Refused("any means every zone of the region", "name the zones, or say any alone")
    if len(types) * len(zones) > MOST:
        raise Refused(f"{len(types)} types in {len(zones)} zones are more than im tries", f"name at most {MOST} places")
    planned: list[tuple[Scope, Spec]] = []
    for kind in types:
        for zone in zones:
            one = replace(ask, instance_type=kind, zone=None if zone == ANY else zone)
            scope, spec = profile.plan(one, account=account, default_region=region)
            if zone == ANY and not spec.zone:
                raise Refused("the zone follows the subnet", "leave --availability-zone out")
            planned.append((scope, replace(spec, zone=ANY) if zone == ANY else spec))
    scope, first = planned[0]
    for other, spec in planned:
        if other != scope:
            hint = f"name zones of {scope.region}, or create the others by themselves"
            raise Refused(f"{spec.zone} is in {other.region}, and {first.zone} in {scope.region}", hint)
    profile.check_together([spec for _, spec in planned])
    if len(planned) > 1:
        first = placement.with_candidates(first, [Candidate(s.instance_type, s.zone) for _, s in planned])
    return scope, replace(first, retry=retry)


def _listed(typed: str | None, what: str) -> tuple[str | None, ...]:
    if typed is None:
        return (None,)
    words = _joined([word.strip() for word in typed.split(",")])
    if "" in words:
        raise Refused(f"an empty {what} in '{typed[:60]}'", "write them as a,b,c")
    return tuple(dict.fromkeys(words))


def _joined(words: Sequence[str]) -> list[str]:
    """`cpu=4,memory=16Gi,cpu=8,memory=32Gi` names two: what is written with words goes on until a word comes again."""
    found: list[list[str]] = []
    for word in words:
        key, equals, _ = word.partition("=")
        last = found[-1] if found else []
        if equals and last and all("=" in one and one.partition("=")[0] != key for one in last):
            last.append(word)
        else:
            found.append([word])
    return [",".join(one) for one in found]
