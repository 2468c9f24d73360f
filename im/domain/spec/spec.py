"""The machine that was asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Spec:
    """What to launch, in terms every cloud has; `options` holds what only this provider understands (JSON values)."""

    instance_type: str
    zone: str
    image: str
    public_key: str
    ssh_user: str
    owner: str
    options: Mapping[str, Any] = field(default_factory=dict)
    user_data: bytes | None = field(default=None, repr=False)
    """What the machine runs at its first start. It may hold secrets, so it is never stored or shown with the spec."""


def tags_of(spec: Spec) -> dict[str, str]:
    """The tags that a person gave; ours are not among them."""
    return {str(key): str(value) for key, value in (spec.options.get("tags") or {}).items()}
