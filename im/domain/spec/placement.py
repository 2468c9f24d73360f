"""Where a launch is tried: types and zones in order, each next one only after the cloud has definitely refused the one before.

A spec names the place that is tried now, and all of them (`candidates`), and whether the round begins again when
all have refused (`retry`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from im.domain.spec.spec import Candidate, Spec

ELSEWHERE = "elsewhere"
"""The option of a spec that holds what is tried at other clouds after it: place and spec, as they are stored."""
ANY = "any"
"""Every zone of the region that has the type; which those are, the cloud is asked before the first call."""
_FIRST_WAIT, _LONGEST_WAIT = 15.0, 120.0


@dataclass(frozen=True, slots=True)
class Turn:
    """Which candidate, in which round, and how long to wait before it."""

    candidate: int
    round: int
    wait: timedelta = timedelta(0)


def candidates(spec: Spec) -> tuple[Candidate, ...]:
    """All of them in order; the one place of a spec that names no others."""
    return spec.candidates or (Candidate(spec.instance_type, spec.zone),)


def with_candidates(spec: Spec, named: Sequence[Candidate]) -> Spec:
    """The spec with these to try, beginning with the first."""
    return at(replace(spec, candidates=tuple(named)), 0)


def at(spec: Spec, number: int) -> Spec:
    """The spec as it is tried at its n-th place."""
    one = candidates(spec)[number]
    return replace(spec, instance_type=one.instance_type, zone=one.zone)


def without(spec: Spec, number: int, *, whole_type: bool = False) -> tuple[Spec, int] | None:
    """The spec without its n-th place (or without any of that place's type), and where its successor stands; None: none is left."""
    named = candidates(spec)
    out = named[number]
    gone = {
        at for at, one in enumerate(named) if at == number or (whole_type and one.instance_type == out.instance_type)
    }
    left = [one for at, one in enumerate(named) if at not in gone]
    if not left:
        return None
    return with_candidates(spec, left), sum(at not in gone for at in range(number))


def is_open(spec: Spec) -> bool:
    """Does the cloud have to be asked for its zones before this can be launched?"""
    return spec.zone == ANY


def spread(spec: Spec, zones: Mapping[str, Sequence[str]]) -> Spec:
    """`any` replaced by the zones that have the type; types that no zone has are left out. All left out: the spec itself."""
    named = [
        Candidate(one.instance_type, zone)
        for one in candidates(spec)
        for zone in (zones.get(one.instance_type, ()) if one.zone == ANY else (one.zone,))
    ]
    return with_candidates(spec, named) if named else spec


def turn_after(spec: Spec, candidate: int, round_: int) -> Turn | None:
    """What is tried when this one has refused; None when that was the last, and nobody wants another round."""
    return turn_at(spec, candidate + 1, round_)


def turn_at(spec: Spec, candidate: int, round_: int) -> Turn | None:
    """The n-th place, or the next round when there are not so many."""
    if candidate < len(candidates(spec)):
        return Turn(candidate, round_)
    if not spec.retry:
        return None
    return Turn(0, round_ + 1, timedelta(seconds=min(_LONGEST_WAIT, _FIRST_WAIT * 2.0 ** min(round_, 8))))


def standing(spec: Spec, candidate: int) -> str:
    """`no capacity in ZONE, trying 2 of 6`: where a launch stands that was refused for want of room."""
    all_of_them = candidates(spec)
    if len(all_of_them) == 1:
        return "no capacity, retrying"
    if not 0 < candidate < len(all_of_them):
        return f"no capacity in any of {len(all_of_them)}, retrying"
    before = all_of_them[candidate - 1]
    of_types = len({one.instance_type for one in all_of_them}) > 1
    where = f"for {before}" if of_types else f"in {before.zone}"
    return f"no capacity {where}, trying {candidate + 1} of {len(all_of_them)}"


def names_of(places: Sequence[Candidate]) -> str:
    """`TYPE in ZONE, ZONE; then TYPE in ZONE`."""
    zones: dict[str, list[str]] = {}
    for one in places:
        zones.setdefault(one.instance_type, []).append(one.zone)
    return "; then ".join(f"{kind} in {', '.join(of_it)}" for kind, of_it in zones.items())
