"""Who asks, and what they may do to whose: one table of role, verb and owner."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum
from types import MappingProxyType

from im.domain.event import Channel, Event, EventKind


class Role(StrEnum):
    VIEWER = "viewer"
    """Sees, and changes nothing."""
    MEMBER = "member"
    """Does everything with what is their own, or their team's."""
    ADMIN = "admin"


class Grant(StrEnum):
    """What a token may be used for, at most; its user's role may be less."""

    READ = "read"
    WRITE = "write"
    """What can be undone, and concerns instances, or how one looks at them."""
    TERMINATE = "terminate"
    """What cannot be undone: an instance's end, and what is taken away."""
    ADMIN = "admin"
    """What concerns the deployment as a whole."""


EVERYTHING = frozenset(Grant)


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks for a change; the history keeps the name, the channel and the request."""

    name: str
    roles: frozenset[Role]
    channel: Channel
    request_id: str = ""
    """Of one request, the same in everything that comes of it; empty where nobody follows one."""
    teams: frozenset[str] = frozenset()
    """The teams that they are in: an owner is one word, a person's or a team's."""
    grants: frozenset[Grant] = EVERYTHING
    """What the token by which it is asked allows; everything where none is used."""
    token: str = ""
    """That token's id; empty for none."""

    @classmethod
    def admin(cls, name: str, channel: Channel, request_id: str = "") -> Actor:
        return cls(name, frozenset({Role.ADMIN}), channel, request_id)

    def owns(self, owner: str | None) -> bool:
        return owner == self.name or owner in self.teams

    def did(self, kind: EventKind, instance_id: str, at: datetime, reason: str, generation: int) -> Event:
        """What they have asked for, as a line of that instance's story."""
        return Event(instance_id, at, kind, self.name, reason, generation, {}, self.channel, self.request_id)


class Verb(StrEnum):
    """What a person can ask for, in the words that complete `may not …`."""

    CREATE = "create"
    ADOPT = "adopt"
    EXTEND = "extend"
    START = "start"
    STOP = "stop"
    TERMINATE = "terminate"
    PROTECT = "protect"
    GIVE = "give away"
    CLEAN_UP = "take away leftovers"
    PAUSE = "hold deadlines"
    RESUME = "end a pause"
    SETTLE = "make this server the deployment's home"
    SET_BUDGET = "set budgets"
    SET_PRICE = "state prices"
    SET_QUOTA = "set quotas"
    MANAGE_USERS = "manage users"
    MAKE_TOKEN = "make tokens"  # noqa: S105  # a verb, no secret
    BREAK_GLASS = "break the glass"
    END_TOKEN = "renew or end tokens"  # noqa: S105  # as above
    MAKE_LINK = "make links that sign in"
    END_SESSION = "end sessions"
    SET_WEBHOOK = "set webhooks"
    SEE_WEBHOOK = "see webhooks"
    KEEP_VIEW = "save views"

    @property
    def owned(self) -> bool:
        """It is done to instances, each of which is somebody's; the others concern everybody."""
        return self in _OWNED

    @property
    def personal(self) -> bool:
        """It is done to what is one user's own, and to an admin's eyes anybody's."""
        return self in _PERSONAL


_OWNED = frozenset(
    {Verb.CREATE, Verb.ADOPT, Verb.EXTEND, Verb.START, Verb.STOP, Verb.TERMINATE, Verb.PROTECT, Verb.GIVE}
)
_PERSONAL = frozenset(
    {
        *(Verb.MAKE_TOKEN, Verb.END_TOKEN, Verb.MAKE_LINK, Verb.END_SESSION),
        *(Verb.SET_WEBHOOK, Verb.SEE_WEBHOOK, Verb.KEEP_VIEW),
    }
)
_ALWAYS = frozenset({Verb.END_TOKEN, Verb.MAKE_LINK, Verb.END_SESSION, Verb.SEE_WEBHOOK})
"""To what is one's own: whoever finds a token may end it, however little it grants, and a link grants what its token does."""
_ADMINISTERS = _ALWAYS | {Verb.SET_WEBHOOK}
"""To what is another's, or everybody's, an admin alone, by a token that grants as much."""
_ENDS = frozenset({Verb.TERMINATE, Verb.CLEAN_UP})


def needed(verb: Verb) -> Grant:
    """What a token has to grant for this verb."""
    if verb in _ENDS:
        return Grant.TERMINATE
    if verb in _ALWAYS:
        return Grant.READ
    return Grant.WRITE if verb.owned or verb in (Verb.SET_WEBHOOK, Verb.KEEP_VIEW) else Grant.ADMIN


class Reach(IntEnum):
    """To whose things a role may do something; the widest of an actor's roles counts."""

    NONE = 0
    OWN = 1
    ANY = 2


TABLE: Mapping[Role, Mapping[Verb, Reach]] = MappingProxyType(
    {
        Role.VIEWER: {v: Reach.OWN if v.personal and v is not Verb.SET_WEBHOOK else Reach.NONE for v in Verb},
        Role.MEMBER: {verb: Reach.OWN if verb.owned or verb.personal else Reach.NONE for verb in Verb},
        Role.ADMIN: dict.fromkeys(Verb, Reach.ANY),
    }
)


@dataclass(frozen=True, slots=True)
class Allow:
    """It may be done."""


@dataclass(frozen=True, slots=True)
class Deny:
    """It may not, and why."""

    reason: str


def may(actor: Actor, verb: Verb, owner: str | None) -> Allow | Deny:
    """Whether `actor` may do `verb` to what is `owner`'s; None: to what is everybody's, or nobody's."""
    grant = Grant.ADMIN if verb in _ADMINISTERS and not actor.owns(owner) else needed(verb)
    if grant not in actor.grants:
        return Deny(f"this token may not {verb}{_what(verb)}: it does not grant {grant}")
    match max((TABLE[role][verb] for role in actor.roles), default=Reach.NONE):
        case Reach.ANY:
            return Allow()
        case Reach.OWN if actor.owns(owner):
            return Allow()
        case Reach.OWN if verb.owned:
            theirs = "their own and their team's" if actor.teams else "their own"
            return Deny(f"{actor.name} may {verb} {theirs} instances only, and this one is {owner or 'nobody'}'s")
        case Reach.OWN:
            return Deny(f"{actor.name} may {verb} for themselves only")
        case _:
            return Deny(f"{actor.name} may not {verb}{_what(verb)}")


def _what(verb: Verb) -> str:
    return " instances" if verb.owned else ""
