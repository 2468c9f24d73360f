"""`im doctor` where commands speak to an API: the way there, who is let in, and how the server itself is. It never raises."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from im import __version__
from im.cli.backend.place import Place
from im.cli.backend.remote.link import Link
from im.domain.errors import ImError, Refused
from im.domain.explain.listing import Listing
from im.providers.contract import Check
from im.version import minor, too_far_apart
from im.views.health import read_fleet
from im.views.words.times import span

KINDS = ("address", "connection", "version", "token", "database", "deadlines", "clouds", "orphans")
T = TypeVar("T")


class Findings:
    """`unusable`: why there is no place to ask."""

    def __init__(self, place: Place | None, unusable: Sequence[ImError] = (), link: Link | None = None) -> None:
        self._place, self._unusable = place, unusable
        self._link = link or (Link(place) if place else None)
        self.sandbox = False

    def all(self, only: str | None = None) -> Iterator[Check]:
        """Each as soon as it is known. Raises Refused for no such kind."""
        if only is not None and only not in KINDS:
            raise Refused(f"there is no check '{only[:40]}' over the API", f"use one of {', '.join(KINDS)}")
        try:
            for check in self._found():
                if only in (None, check.name):
                    yield check
        finally:
            if self._link is not None:
                self._link.close()

    def _found(self) -> Iterator[Check]:
        for one in self._unusable:
            yield Check("address", ok=False, detail=one.message, fix=one.hint)
        if self._place is None or self._link is None:
            return
        link = self._link
        yield Check("address", ok=True, detail=f"{self._place.url} ({self._place.said})")
        theirs = _asked("connection", lambda: link.read(lambda told: str(told["version"]), link.outside("/version")))
        if isinstance(theirs, Check):
            yield theirs
            return
        kind = "TLS, its certificate checked" if self._place.secure else "this machine, without TLS"
        yield Check("connection", ok=True, detail=f"im answers ({kind})")
        yield _version(theirs)
        yield _as_check("token", lambda: link.read(_who, link.get("/me")))
        yield _as_check("database", lambda: link.outside("/readyz") and "the server reaches it")
        yield from self._fleet(link)

    def _fleet(self, link: Link) -> Iterator[Check]:
        seen = _asked("deadlines", lambda: link.read(self._seen, link.get("/fleet")))
        if isinstance(seen, Check):
            yield seen
            return
        yield from _deadlines(seen)
        yield from _clouds(seen)
        if seen.orphans.count:
            yield Check("orphans", ok=False, detail=seen.orphans.sentence(seen.now), fix="im orphans")
        else:
            yield Check("orphans", ok=True, detail="none")

    def _seen(self, told: Mapping[str, Any]) -> Listing:
        self.sandbox = bool(told["sandbox"])
        return read_fleet(told)


def _asked(name: str, ask: Callable[[], T]) -> T | Check:
    """What it answers, or why not."""
    try:
        return ask()
    except ImError as exc:
        hint = "" if exc.hint.startswith("im doctor") else exc.hint
        return Check(name, ok=False, detail=exc.message, fix=hint or _mend(exc.message))


def _as_check(name: str, ask: Callable[[], str]) -> Check:
    told = _asked(name, ask)
    return told if isinstance(told, Check) else Check(name, ok=True, detail=told)


def _who(told: Mapping[str, Any]) -> str:
    teams = f", in {', '.join(told['teams'])}" if told["teams"] else ""
    return f"{told['login']}, {told['role']}{teams}; it grants {', '.join(told['grants'])}"


def _version(theirs: str) -> Check:
    told = f"{theirs} there, {__version__} here"
    if too_far_apart(theirs, __version__):
        fix = f"pip install 'im-instances=={minor(theirs)}'"
        return Check("version", ok=False, detail=f"{told}: more than one minor release apart", fix=fix)
    return Check("version", ok=True, detail=told)


def _deadlines(seen: Listing) -> Iterator[Check]:
    found = [
        Check("deadlines", ok=False, detail=f"held: {one.reason} (by {one.by})", fix=one.fix) for one in seen.holds
    ]
    found += [
        Check("deadlines", ok=False, detail=alarm.sentence(seen.now), fix="im list  shows which")
        for alarm in seen.alarms
        if alarm.count
    ]
    yield from found or [Check("deadlines", ok=True, detail="none held, none missed")]


def _clouds(seen: Listing) -> Iterator[Check]:
    blind = [one for one in seen.health.values() if one.failing_since is not None]
    for one in blind:
        assert one.failing_since is not None
        why = one.error or one.error_code or "unknown"
        detail = f"{one.scope} cannot be watched since {span(seen.now - one.failing_since)}: {why}"
        yield Check("clouds", ok=False, detail=detail, fix="im doctor on a machine of the deployment says more")
    if not blind:
        many = len(seen.health)
        yield Check("clouds", ok=True, detail=f"{many} place{'' if many == 1 else 's'} seen" if many else "none in use")


def _mend(message: str) -> str:
    if "certificate" in message:
        return "SSL_CERT_FILE=FILE names the certificate of your own authority"
    if "no host has that name" in message:
        return "is the name right? im login URL  or IM_API_URL says it"
    if "proxy" in message:
        return "HTTPS_PROXY and NO_PROXY decide which way it goes"
    return "is im web running there, and the way to it open?"
