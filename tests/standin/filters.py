"""Filters and pages, the same for every Describe: values of one filter are alternatives, filters add up, * and ? are wild."""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterable, Mapping, Sequence
from fnmatch import translate
from functools import lru_cache
from typing import Any, TypeVar

from tests.standin.errors import AwsError, combination, invalid

T = TypeVar("T")
MOST_VALUES = 200
Facets = Mapping[str, Callable[[T], Sequence[str]]]
"""Filter name → the values a thing has under it."""


def asked(given: Mapping[str, Any]) -> list[tuple[str, list[str]]]:
    """(name, values) of each filter. Raises for more values than EC2 takes."""
    found = [(one.get("Name", ""), list(one.get("Values") or ())) for one in given.get("Filters") or ()]
    if any(len(values) > MOST_VALUES for _, values in found):
        raise AwsError(
            "FilterLimitExceeded", f"The maximum number of filter values specified on a single call is {MOST_VALUES}"
        )
    return found


def select(
    things: Iterable[T],
    filters: Sequence[tuple[str, list[str]]],
    facets: Facets[T],
    tags: Callable[[T], Mapping[str, str]],
) -> Iterable[T]:
    """The things that pass every filter. Raises for a filter that nothing here knows."""
    for name, values in filters:
        things = filter(_passes(name, values, facets, tags), things)
    return things


def _passes(
    name: str, values: list[str], facets: Facets[T], tags: Callable[[T], Mapping[str, str]]
) -> Callable[[T], bool]:
    plain, wild = {one for one in values if not _is_wild(one)}, [_pattern(one) for one in values if _is_wild(one)]

    def fits(value: str) -> bool:
        return value in plain or any(one.fullmatch(value) for one in wild)

    if name.startswith("tag:"):
        key = name[4:]
        return lambda thing: key in tags(thing) and fits(tags(thing)[key])
    if name == "tag-key":
        return lambda thing: any(fits(key) for key in tags(thing))
    if name not in facets:
        raise invalid(f"The filter '{name}' is invalid")
    facet = facets[name]
    return lambda thing: any(fits(value) for value in facet(thing))


def exact(values: Sequence[str]) -> bool:
    return not any(_is_wild(one) for one in values)


def _is_wild(value: str) -> bool:
    return "*" in value or "?" in value


@lru_cache(256)
def _pattern(value: str) -> re.Pattern[str]:
    return re.compile(translate(value.replace("[", "[[]")))


# ---- pages -----------------------------------------------------------------------------------------------------------

PAGE = 1000


def page_size(given: Mapping[str, Any], ids: str, least: int = 5) -> int:
    """MaxResults, within what EC2 allows; ids and MaxResults exclude each other."""
    size = given.get("MaxResults")
    if size is not None and given.get(ids):
        raise combination(f"The parameter {ids} cannot be used with the parameter maxResults")
    if size is None:
        return PAGE
    if not least <= size <= PAGE:
        raise invalid(
            f"Value ( {size} ) for parameter maxResults is invalid. Expecting a value between {least} and {PAGE}."
        )
    return int(size)


def token_for(number: int) -> str:
    """Says behind which number the next page begins, so that a page may be asked for again."""
    return urlsafe_b64encode(f"standin:{number}".encode()).decode()


def number_in(token: str | None) -> int:
    if not token:
        return 0
    try:
        mark, number = urlsafe_b64decode(token.encode()).decode().split(":")
        if mark == "standin":
            return int(number)
    except ValueError:
        pass
    raise invalid("Unable to parse pagination token")


def page(things: Sequence[T], given: Mapping[str, Any], ids: str) -> tuple[Sequence[T], str | None]:
    """One page of a short list that is whole in memory, and the token of the next."""
    size, start = page_size(given, ids), number_in(given.get("NextToken"))
    more = start + size < len(things)
    return things[start : start + size], token_for(start + size) if more else None
