"""Statements of SQLAlchemy made once: to make one takes longer than to run it, and so does finding its compiled form."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import cache, wraps
from inspect import signature
from typing import Any, TypeVar

from sqlalchemy import BindParameter, DateTime, Integer, bindparam
from sqlalchemy.types import TypeEngine

S = TypeVar("S")
Moment = datetime | BindParameter[datetime]
"""In a condition: one that is known, or one that a statement is told when it is run."""
_TYPES: dict[str, TypeEngine[Any]] = {"Moment": DateTime(timezone=True), "int": Integer()}
"""By annotation; any other takes its type from what it is compared with."""


def made_once(make: Callable[..., S]) -> Callable[..., tuple[S, dict[str, Any]]]:
    """`make` builds a statement of its arguments, which stand for values alone: it is called once, with parameters in their place.

    Called by name with the values, it gives the statement and what to run it with. In the SET of an UPDATE no parameter may have
    the name of a column.
    """
    names = {one.name: _TYPES.get(one.annotation) for one in signature(make).parameters.values()}

    @cache
    def statement() -> S:
        return make(**{name: bindparam(name, type_=type_) for name, type_ in names.items()})

    @wraps(make)
    def told(**values: Any) -> tuple[S, dict[str, Any]]:
        return statement(), values

    return told
