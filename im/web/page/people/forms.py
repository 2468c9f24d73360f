"""What the forms about people have in common: who may, what was seen when it was agreed to, and what was sent once already."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field
from starlette.responses import Response

from im.db.people import idempotency
from im.domain.access import Actor, Allow, Verb, may
from im.domain.errors import NotFound, OverLimit, Refused, Superseded
from im.web.api.asker import Asker
from im.web.api.people.marks import beside
from im.web.api.people.users import LOGIN
from im.web.page.site import Visit

if TYPE_CHECKING:
    from sqlalchemy import Connection

Line = Annotated[str, Field(max_length=300)]
Mark = Annotated[str, Field(pattern="^[0-9a-f]{16}$")]
"""Of what was shown: whoever agreed to another state than there is has agreed to nothing."""
Key = Annotated[str, Field(pattern="^[0-9a-f]{32}$")]
LoginPath = LOGIN
SAID = (Refused, NotFound, OverLimit, Superseded)
"""What is wrong with a form is said on it; what one may not do at all has a page of its own."""


def can(actor: Actor, verb: Verb, owner: str | None = None) -> bool:
    return isinstance(may(actor, verb, owner), Allow)


def done(visit: Visit, title: str, said: str, back: str) -> Response:
    """It is stored: told beneath the page that the dialog lay on, or on a page of its own."""
    return visit.show("people/done.html", title=title, said=said, back=back)


TOKEN_LOST = (
    "this form was sent before, and the token that it made was shown then, once",
    "nobody has it? revoke it in the list of tokens, and make another",
)


def sent_once(asker: Asker, key: str, lost: str = TOKEN_LOST[0], then: str = TOKEN_LOST[1]) -> Asker:
    """The same asker, whose next change is refused where this very form was sent before.

    Nothing is kept of the answer, for it holds a secret: whoever sends the form again is told, and not shown it again.
    """

    def check(connection: Connection) -> None:
        now = asker.ctx.clock(connection)
        if not idempotency.claim(connection, asker.actor.name, key, "page", asker.actor.request_id, now):
            raise Refused(lost, then)

    return beside(asker, check)
