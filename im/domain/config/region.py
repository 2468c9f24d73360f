"""A region's name that remembers who said it, so that a wrong one can be mended where it stands."""

from __future__ import annotations


class Region(str):
    """A `str` everywhere; `said` is its source in words, `ambient` says that an account's own profile goes before it."""

    said: str
    ambient: bool

    def __new__(cls, name: str, said: str, *, ambient: bool = False) -> Region:
        made = super().__new__(cls, name)
        made.said, made.ambient = said, ambient
        return made


def said_by(region: str) -> str:
    """Where the name was read: a variable's name, a file, `the default`; empty where nobody knows."""
    return region.said if isinstance(region, Region) else ""


def is_ambient(region: str) -> bool:
    return isinstance(region, Region) and region.ambient
