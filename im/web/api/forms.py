"""What clients send: bodies of requests, and the parameters of lists. Whatever else is sent is refused by name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, Strict, model_validator

from im.domain.errors import Refused
from im.domain.input.duration import parse_duration
from im.domain.intent import Deadline
from im.domain.state import Desired

DURATION = r"^([0-9]{1,9}w)?([0-9]{1,9}d)?([0-9]{1,9}h)?([0-9]{1,9}m)?([0-9]{1,9}s)?$"
WORD = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$"
"""As part of a path."""
GROUPS = r"^(owner|type|provider|day|tag:[^\x00-\x1f]{1,128})$"
"""What a cost is told by."""
_WORD = r"^([A-Za-z0-9_][A-Za-z0-9._()-]{0,127}/)?[A-Za-z0-9][A-Za-z0-9._-]{0,127}$"
Word = Annotated[str, Field(pattern=_WORD, description="An instance: its name, our id or the cloud's.")]
PLAINLY = {
    "duration": "write it like 30m, 2h or 1d12h: a number alone has no unit",
    "since": "write it like 30d or 12h: a number alone has no unit",
    "name": "begins with a letter, then lower-case letters, digits and -",
    "on_expiry": "stop, terminate or shelve",
    "guard": "native or none",
    "verb": "extend, start, stop, terminate, protect or give",
    "tag": "write it like team=ml",
}
"""What is said of a field whose pattern does not fit, which by itself tells a person little."""


def plainly(error: Mapping[str, Any]) -> str:
    """What is wrong with a field, by pydantic's error. Nothing that was sent is repeated: it may be a secret in the wrong place."""
    where = error["loc"][-1] if error["loc"] else ""
    told = PLAINLY.get(str(where)) if error["type"] in ("string_pattern_mismatch", "string_too_short") else None
    return told or str(error["msg"])[:200]


Duration = Annotated[str, Field(pattern=DURATION, min_length=2, max_length=40, examples=["2h", "1d12h"])]
Flag = Annotated[bool, Strict()]
"""In a body: true or false, and nothing that reads like one."""
Number = Annotated[int, Strict()]


def _written(value: object) -> object:
    """RFC 3339: no number of seconds, and no day alone, which has no moment."""
    if isinstance(value, datetime) or (isinstance(value, str) and _MOMENT.match(value)):
        return value
    raise ValueError("write it like 2030-01-31T18:00:00Z")


_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}", re.ASCII)


def _in_utc(at: datetime) -> datetime:
    """As the database takes it, which knows no offset of more than 16 hours."""
    try:
        return at.astimezone(UTC) if at.tzinfo is not None else at
    except OverflowError:
        raise ValueError("there is no such moment") from None


Moment = Annotated[datetime, BeforeValidator(_written), AfterValidator(_in_utc)]
Text = Annotated[str, Field(min_length=1, max_length=300, pattern=r"^[^\x00-\x1f\x7f]+$")]


class Form(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=False)


class DeadlineForm(Form):
    """Exactly one of the two."""

    duration: Duration | None = None
    until: Moment | None = Field(default=None, description="RFC 3339, with its offset.")

    def deadline(self) -> Deadline | None:
        if self.until is not None and self.until.tzinfo is None:
            raise Refused("`until` has no offset from UTC", "write it like 2030-01-31T18:00:00Z")
        if self.duration is None and self.until is None:
            return None
        return Deadline(by=parse_duration(self.duration) if self.duration else None, to=self.until)

    @model_validator(mode="after")
    def _one(self) -> DeadlineForm:
        if self.duration is not None and self.until is not None:
            raise ValueError("a deadline is given by `duration` or by `until`, not by both")
        return self


class ExtendForm(DeadlineForm):
    start: Flag = Field(default=True, description="Wake what is stopped; false moves the deadline alone.")


class StartForm(DeadlineForm):
    pass


class ProtectForm(Form):
    on: Flag = True


class StopForm(Form):
    shelve: Flag = Field(default=False, description="Once it is stopped it gives way to a snapshot of itself.")


class GiveForm(Form):
    to: Text = Field(description="The user or team that has it from now on.")


class CreateForm(DeadlineForm):
    """A machine as `im create` takes it; what is left out is the cloud's or the deployment's default."""

    name: Annotated[str, Field(pattern=r"^[a-z]([a-z0-9-]*[a-z0-9])?$", max_length=63)] | None = None
    count: Number = Field(default=1, ge=1, le=1000)
    public_key: Annotated[str, Field(min_length=1, max_length=16_000)] = Field(description="An OpenSSH public key.")
    provider: Text | None = Field(default=None, description="`any`, with `gpu` in `options`: the cheapest that has it.")
    account: Text | None = None
    instance_type: Text | None = None
    availability_zone: Text | None = None
    image: Text | None = None
    ssh_user: Text | None = None
    ssh_from: Annotated[list[Text], Field(max_length=50)] | None = Field(
        default=[],
        description="Networks (CIDR) that may log in, and `me`; empty: nobody; null: whoever the deployment lets in (IM_SSH_FROM).",
    )
    own_network: Text | None = Field(
        default=None, description="The network that `me` stands for; asked for (`address_wanted`) where it matters."
    )
    open: list[Text] = Field(default=[], max_length=50, description="Ports, as `443/tcp` or `53/udp@10.0.0.0/8`.")
    owner: Text | None = Field(default=None, description="A team of yours; you when left out.")
    tags: Annotated[dict[str, str], Field(max_length=50)] = {}
    disk: Text | None = Field(default=None, description="The root disk: `50`, or `size=50,type=gp3,keep`.")
    volumes: list[Text] = Field(default=[], max_length=20)
    hibernate: Flag = False
    user_data: Annotated[str, Field(max_length=180_000, pattern=r"^[A-Za-z0-9+/]*={0,2}$")] | None = Field(
        default=None, description="What it runs at its first start, in base64."
    )
    subnet: Text | None = None
    vpc: Text | None = None
    spot: Flag | Literal["persistent", "one-time"] = Field(
        default=False, description="From the cloud's spare room; `one-time` is terminated where the other is stopped."
    )
    max_price: Text | None = Field(
        default=None,
        description="USD an hour at most: of a spot machine, or of `any` cloud.",
    )
    public_ip: Flag | None = Field(default=None, description="A public address; null: as the subnet does.")
    options: Annotated[dict[str, Text | list[Text]], Field(max_length=50)] = Field(
        default={}, description="What one cloud alone has, by its flag's name."
    )
    on_expiry: Annotated[str, Field(pattern="^(stop|terminate|shelve)$")] | None = None
    keep_stopped: Text | None = Field(default=None, description="A duration, or forever.")
    protect: Flag = False
    guard: Annotated[str, Field(pattern="^(none|native|scheduler)$")] | None = Field(
        default=None, description="Who stops it should all of im be gone: the cloud itself (native), or nobody."
    )
    retry: Flag = True


class BatchForm(Form):
    """One verb on several: by name or id, or by a filter together with how many it is to find."""

    verb: Annotated[str, Field(pattern="^(extend|start|stop|terminate|protect|give)$")]
    ids: list[Word] = Field(default=[], max_length=5000)
    q: Annotated[str, Field(min_length=3, max_length=500)] | None = Field(
        default=None, description="A filter, as in a list."
    )
    expected: Number | None = Field(default=None, ge=1, le=1000, description="How many the filter is to find, no more.")
    extend: ExtendForm | None = None
    start: StartForm | None = None
    stop: StopForm | None = None
    protect: ProtectForm | None = None
    give: GiveForm | None = None

    @model_validator(mode="after")
    def _whole(self) -> BatchForm:
        if bool(self.ids) == (self.q is not None):
            raise ValueError("name `ids`, or a filter `q`, and not both")
        if self.q is not None and self.expected is None:
            raise ValueError("`q` needs `expected`: how many instances it is to find")
        return self


class ListQuery(Form):
    """Which instances, and which page of them; or these by name, all of them or none."""

    limit: int = Field(default=50, ge=1, le=200)
    cursor: Annotated[str, Field(min_length=1, max_length=400, pattern=r"^[A-Za-z0-9_-]+$")] | None = None
    q: Annotated[str, Field(max_length=500)] | None = Field(
        default=None, description="Filters as the command line has them, blank between: `owner=me status=running`."
    )
    view: Text | None = Field(
        default=None,
        description="mine, soon, overdue, failed, or one that you have saved; the rest narrows it further.",
    )
    owner: Text | None = None
    status: Text | None = None
    tag: Annotated[str, Field(max_length=300, pattern=r"^[^=\x00]+=[^\x00]*$")] | None = None
    expires_before: Moment | None = None
    all: bool = Field(default=False, description="Those that are gone too.")
    id: list[Word] = Field(default=[], max_length=200, description="These alone, in this order; no filter beside it.")

    @model_validator(mode="after")
    def _one_way(self) -> ListQuery:
        if self.id and (
            self.q or self.view or self.owner or self.status or self.tag or self.expires_before or self.cursor
        ):
            raise ValueError("instances are named by `id`, or found by a filter, and not both")
        return self


class WaitQuery(Form):
    generation: int | None = Field(default=None, ge=1, le=2**31 - 1, description="The request that is waited for.")
    desired: Desired | None = Field(
        default=None, description="What that request wanted; a later one that wants the same is waited for instead."
    )
    status: Annotated[str, Field(min_length=1, max_length=300)] | None = Field(
        default=None, description="What it is by the asker's last look: another status ends the waiting too."
    )
    timeout: int = Field(default=30, ge=0, le=60, description="Seconds.")


class AgendaQuery(Form):
    within: Duration | None = Field(default=None, description="Only what happens so soon.")


class CostQuery(Form):
    by: Annotated[str, Field(pattern=GROUPS)] = "owner"
    since: Duration = "30d"


class OffersQuery(Form):
    gpu: Text | None = Field(
        default=None, description="`h100`, `h100:8`, `a100-80gb`; all that there are when left out."
    )
    max_price: Decimal | None = Field(default=None, gt=0, lt=10_000, max_digits=15, decimal_places=9)
    duration: Duration = Field(default="1h", description="For how long the bill is told.")
