"""What the doctor found, and how far the database is migrated."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from im.providers.contract import Check
    from im.services.health.doctor import Schema


def checks_json(checks: Sequence[Check], *, sandbox: bool) -> dict[str, Any]:
    told = [{"name": one.name, "ok": one.ok, "detail": one.detail, "mend": one.fix} for one in checks]
    return {"ok": all(one.ok for one in checks), "sandbox": sandbox, "checks": told}


def schema_json(found: Schema) -> dict[str, Any]:
    return {"current": found.current, "head": found.head, "up_to_date": found.ok}
