"""A region's name that remembers who said it, so that a wrong one can be mended where it stands."""

from __future__ import annotations


class Region(str):
    """A `str` everywhere; `said` is its source in words, `ambient` says that an account's own profile goes before it, `zone` is
    the zone of it that was named in the same place, or empty."""

    said: str
    ambient: bool
    zone: str

    def __new__(cls, name: str, said: str, *, ambient: bool = False, zone: str = "") -> Region:
        made = super().__new__(cls, name)
        made.said, made.ambient, made.zone = said, ambient, zone
        return made


def said_by(region: str) -> str:
    """Where the name was read: a variable's name, a file, `the default`; empty where nobody knows."""
    return region.said if isinstance(region, Region) else ""


def is_ambient(region: str) -> bool:
    return isinstance(region, Region) and region.ambient


def zone_of(region: str) -> str:
    """The zone that was named with it; empty where none was."""
    return region.zone if isinstance(region, Region) else ""
