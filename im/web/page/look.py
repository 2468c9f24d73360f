"""How a reader wants to see the page: their time zone, and whether it is light or dark. Kept by their browser, in two cookies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from im.domain.errors import Refused

ZONE, THEME = "im_zone", "im_theme"
THEMES = ("system", "light", "dark")


@dataclass(frozen=True, slots=True)
class Look:
    zone: ZoneInfo
    theme: str

    @classmethod
    def of(cls, cookies: Mapping[str, str]) -> Look:
        """What is no zone is UTC, what is no theme the system's: a cookie is anybody's to write."""
        zone, theme = cookies.get(ZONE, ""), cookies.get(THEME, "")
        return cls(ZoneInfo(zone if zone in _zones() else "UTC"), theme if theme in THEMES else THEMES[0])

    def moment(self, text: str) -> datetime:
        """As a field of the page has it, in the reader's own zone. Raises Refused."""
        try:
            at = datetime.fromisoformat(text)
        except ValueError:
            raise Refused(f"'{text[:40]}' is no moment", "choose a day and a time") from None
        return at if at.tzinfo else at.replace(tzinfo=self.zone)


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())
