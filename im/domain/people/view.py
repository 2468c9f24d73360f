"""Views: a filter with its columns under a name. Some are everybody's and always there; the others are one user's own."""

from __future__ import annotations

import re
import shlex
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from im.domain.errors import NoSuchView, Refused
from im.domain.explain.phase import Tone, phase
from im.domain.input.text import check_text
from im.domain.instance import Instance
from im.domain.selection import parse_filters
from im.domain.state import ALIVE

NAME = 60
"""Characters of a name at most."""
FILTER = 500
"""Of a filter, as a list over HTTP takes it."""
MOST = 50
"""Views of one user."""
SOON = timedelta(hours=2)
_NAME = re.compile(r"[^\W_][^/]*")


class Base(StrEnum):
    """The views that are always there; no filter of the grammar says what the last three do."""

    MINE = "mine"
    SOON = "soon"
    """Its deadline is within two hours, or over."""
    OVERDUE = "overdue"
    FAILED = "failed"

    def admits(self, row: Instance, now: datetime, me: str) -> bool:
        match self:
            case Base.MINE:
                return row.owner == me
            case Base.SOON:
                return row.observed in ALIVE and row.expires_at < now + SOON
            case Base.OVERDUE:
                return row.observed in ALIVE and row.expires_at < now
            case Base.FAILED:
                return phase(row, now).tone is Tone.BAD

    @property
    def before(self) -> timedelta | None:
        """From now to before which moment a deadline has to be; None: that says nothing."""
        return {Base.SOON: SOON, Base.OVERDUE: timedelta()}.get(self)


_RESERVED = frozenset({*(base.value for base in Base), "all", "everybody", "orphans"})
COLUMNS = (
    *("name", "id", "provider", "type", "zone", "account", "status", "ip", "time-left", "expires", "$/h", "cost"),
    *("owner", "cloud-id", "region", "image", "private-ip", "created", "desired", "observed", "by", "error"),
)
"""As the command line calls them; the page shows those of them that it has."""


@dataclass(frozen=True, slots=True)
class View:
    """One row, or one that is always there. Whose it is stands beside it: nobody sees another's."""

    name: str
    q: str = ""
    """Filters as they are typed, blanks between."""
    base: Base | None = None
    """What it narrows; None: everything."""
    everything: bool = False
    """The closed ones too."""
    columns: tuple[str, ...] = ()
    """In lower case; none: as usual."""
    saved_at: datetime | None = None
    """None for one that is always there."""

    @property
    def shows(self) -> tuple[str, Base | None, bool, frozenset[str]]:
        """What makes two of them show the same."""
        return self.q, self.base, self.everything, frozenset(self.columns)

    @property
    def command(self) -> str:
        """The same on the command line; of a filter that cannot be read, as it is."""
        try:
            filters = [f"{one.key}={one.value}" for one in parse_filters(self.q)]
        except Refused:
            filters = [self.q]
        words = [*(("--view", self.base.value) if self.base else ()), *(["--all"] if self.everything else [])]
        words += [word for one in filters for word in ("--filter", one)]
        words += ["-c", ",".join(self.columns).upper()] if self.columns else []
        return f"im list {shlex.join(words)}".rstrip()


def built_in(name: str) -> View | None:
    """The one of that name that is always there."""
    return View(name, base=Base(name)) if name in set(Base) else None


def check_name(name: str) -> str:
    """`name` as it is kept. Raises Refused."""
    hint = "name it by what it shows: gpu, 'the demo on Friday'"
    found = unicodedata.normalize("NFC", name).strip()
    check_text(found, "the view's name", NAME, hint)
    if not _NAME.fullmatch(found):
        raise Refused("a view's name begins with a letter or a digit, and has no /", hint)
    if found.lower() in _RESERVED:
        raise Refused(f"there is always a view '{found}', which is everybody's", "take another name")
    return found


def check(view: View) -> None:
    """Raises Refused for what no list takes, whether it is to be saved or was saved when it still could be read."""
    if len(view.q) > FILTER:
        raise Refused(f"a filter has {FILTER} characters at most, and this one has {len(view.q)}", "save a shorter one")
    parse_filters(view.q)
    for name in view.columns:
        if name not in COLUMNS:
            raise Refused(f"there is no column '{name[:40]}'", f"choose from {', '.join(COLUMNS).upper()}")


def wrong_with(view: View) -> Refused | None:
    """Why it can no longer be read; None where it can."""
    try:
        check(view)
    except Refused as exc:
        return exc
    return None


def find(name: str, own: Iterable[View]) -> View:
    """The one of that name, by its name as it is kept. Raises NoSuchView."""
    wanted = unicodedata.normalize("NFC", name).strip()
    found = built_in(wanted) or next((view for view in own if view.name == wanted), None)
    if found is None:
        raise NoSuchView(f"you have no view '{wanted[:NAME]}'", "im view  shows yours")
    return found
