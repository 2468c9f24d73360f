"""What a tool is told: the forms of the API, and beside them what an agent has to agree to."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any

from pydantic import Field

from im.domain.errors import Refused
from im.web.api import forms
from im.web.api.forms import Duration, Flag, Form, Number, Word

PAGE = 20
"""Instances in one answer: an agent reads all of it."""
MOST = 100
"""Names in one request."""
Name = Annotated[str, Field(pattern=forms.WORD, description="Its name, our id or the cloud's.")]
Key = Annotated[str, Field(pattern=r"^[\x21-\x7e]{1,200}$")]
AGAIN = "Any word of yours. A request with the same key is done once: send it again when no answer came."


class One(Form):
    name: Name


class List(forms.ListQuery):
    limit: int = Field(default=PAGE, ge=1, le=200)


class Wait(One, forms.WaitQuery):
    pass


class Rehearsable(Form):
    """A change."""

    dry_run: Flag = Field(default=False, description="Say what it would come to, and store nothing. Do this first.")
    key: Key | None = Field(default=None, description=AGAIN)


class Create(Rehearsable, forms.CreateForm):
    """The API has a usual duration. An agent says one."""

    duration: Duration = Field(
        description="How long it may live from now: `2h`. No longer than the work takes; extend is cheap.",
    )
    agreed_usd_per_hour: Decimal | None = Field(
        default=None,
        ge=0,
        lt=1_000_000,
        description="What all of them together may cost an hour, as the rehearsal said. Needed for more than one.",
    )


class Chosen(Rehearsable):
    """A change of instances, by name, or by a filter together with how many it is to find."""

    names: list[Word] = Field(default=[], max_length=MOST, description="All of them are changed, or none.")
    filter: Annotated[str, Field(min_length=3, max_length=500)] | None = Field(
        default=None, description="In place of names, as in list: `owner=me status=running`."
    )
    expected: Number | None = Field(
        default=None,
        ge=1,
        le=1000,
        description="How many instances are to be changed, as the rehearsal said. Needed unless it is one name.",
    )

    def which(self) -> dict[str, Any]:
        """As the API's batch has it. Raises Refused for another number than was agreed to."""
        if bool(self.names) == (self.filter is not None):
            raise Refused("which instances? By name or by a filter, and not both", 'send `names`: ["web-1"]')
        if self.filter is not None:
            if self.expected is None:
                raise Refused("how many is that filter to find?", "list shows how many; send that as `expected`")
            return {"q": self.filter, "expected": self.expected}
        names = list(dict.fromkeys(self.names))
        unsaid = self.expected is None and (len(names) == 1 or self.dry_run)
        if not unsaid and self.expected != len(names):
            agreed = "no number was agreed to" if self.expected is None else f"{self.expected} were agreed to"
            raise Refused(
                f"{len(names)} instances are named, and {agreed}",
                f"rehearse it with `dry_run`, then send `expected`: {len(names)}",
            )
        return {"ids": names}


class Extend(Chosen, forms.ExtendForm):
    pass


class Start(Chosen, forms.DeadlineForm):
    pass


class Stop(Chosen, forms.StopForm):
    pass
