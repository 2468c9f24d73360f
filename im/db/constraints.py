"""What the database refused, by the name of its rule: a rule that people can break is told in our words, never in the server's."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from sqlalchemy.exc import IntegrityError

from im.domain.errors import MachineTaken, NameTaken, Refused

_TAKEN: Mapping[str, tuple[type[Refused], str]] = MappingProxyType(
    {
        "uq_instances_living_name": (NameTaken, "the name"),
        "uq_instances_living_machine": (MachineTaken, "the machine"),
    }
)


def violated(exc: IntegrityError) -> str:
    """The name of the constraint or index; empty where the server told none."""
    return getattr(getattr(exc.orig, "diag", None), "constraint_name", None) or ""


def broken_rule(exc: IntegrityError) -> Refused | None:
    """For a rule that people's wishes can break; None for every other. Nothing of what was said is repeated."""
    from im.db.schema.said import SAID  # whoever only looks at the schema's home does without

    name = violated(exc)
    if name in _TAKEN:
        kind, what = _TAKEN[name]
        return kind(f"{what} is taken; nothing was stored", "im list  shows what there is")
    for one in SAID:
        if one.constraint == name:
            return Refused(
                f"{one.what} is longer than {one.most} characters or holds some that cannot be shown; nothing was stored",
                "leave out line ends, escapes and other invisible characters",
            )
    return None
