"""What is typed, where a command hands over more than words."""

from __future__ import annotations

from dataclasses import dataclass

from im.domain.intent import Deadline


@dataclass(frozen=True, slots=True)
class Adoption:
    """One `im adopt`; machines are named by the cloud's ids. What is None is the deployment's to say."""

    machines: tuple[str, ...]
    deadline: Deadline
    name: str | None = None
    provider: str | None = None
    account: str | None = None
    region: str | None = None
    ssh_user: str = ""
    force: bool = False
