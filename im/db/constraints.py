"""What the database refused, by the name of its rule: a rule that people can break is told in our words, never in the server's."""

from __future__ import annotations

from sqlalchemy.exc import IntegrityError

from im.domain.errors import Refused

LIVING_NAME = "uq_instances_living_name"
LIVING_MACHINE = "uq_instances_living_machine"


def violated(exc: IntegrityError) -> str:
    """The name of the constraint or index; empty where the server told none."""
    return getattr(getattr(exc.orig, "diag", None), "constraint_name", None) or ""


def broken_rule(exc: IntegrityError) -> Refused | None:
    """For a check on what people say; None for every other rule. Nothing of what was said is repeated."""
    from im.db.schema.said import SAID  # whoever only looks at the schema's home does without

    name = violated(exc)
    for one in SAID:
        if one.constraint == name:
            return Refused(
                f"{one.what} is longer than {one.most} characters or holds some that cannot be shown; nothing was stored",
                "leave out line ends, escapes and other invisible characters",
            )
    return None
