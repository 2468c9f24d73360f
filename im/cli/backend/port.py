"""What a command may ask. `im.cli.backend.direct` asks the services, `im.cli.backend.remote` the API of an `im web`.

Everything raises the errors of `im.domain.errors`, in the words that a person is shown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import timedelta
    from decimal import Decimal

    from im.cli.backend.wishes import Adoption
    from im.domain.access import Grant, Role
    from im.domain.event import Event
    from im.domain.explain.listing import Listing, Orphans
    from im.domain.explain.why import Explanation
    from im.domain.guard import Guard
    from im.domain.instance import Instance
    from im.domain.intent import Deadline
    from im.domain.leftover import Leftover, Survey
    from im.domain.money import budget
    from im.domain.money.added import Added
    from im.domain.money.bill import Known
    from im.domain.money.cost import Cost
    from im.domain.money.offer import Offers
    from im.domain.money.report import Report
    from im.domain.money.rules import BillingRules
    from im.domain.money.unknown_price import PriceUnknown
    from im.domain.people import quota
    from im.domain.people.entry import Entry
    from im.domain.people.quota import Quota, QuotaFor
    from im.domain.people.session import Link, Session
    from im.domain.people.token import Made, Token
    from im.domain.people.user import User, UserKind
    from im.domain.people.view import Base, View
    from im.domain.selection import Filter, Selection
    from im.domain.webhook.kind import WebhookKind
    from im.domain.webhook.message import Delivery
    from im.domain.webhook.webhook import Made as MadeWebhook
    from im.domain.webhook.webhook import Webhook
    from im.services.requests.result import Answer
    from im.services.requests.wish import Wish
    from im.views.plan import Rehearsed


class Looks(Protocol):
    """`sight`: whether it is also wanted how well what is seen can be seen; without it, health and holds may be empty."""

    def listing(
        self, *, everything: bool = False, filters: Sequence[Filter] = (), base: Base | None = None, sight: bool = True
    ) -> Listing: ...

    def resolve(self, words: Sequence[str], *, sight: bool = True) -> Listing:
        """Raises NoSuchInstance."""
        ...

    def select(self, selection: Selection) -> Listing:
        """The living rows that are meant. Raises NoSuchInstance when there is none."""
        ...

    def now(self, rows: Sequence[Instance]) -> Listing:
        """These rows as they are now; those that are gone for good are left out."""
        ...

    def later(self, rows: Sequence[Instance], most: float, pause: Callable[[float], None]) -> Listing:
        """The same a moment later: after `most` seconds at the latest, as soon as there may be something new."""
        ...

    def history(self, row: Instance) -> Sequence[Event]: ...

    def guard(self, row: Instance) -> Guard | None: ...

    def explain(self, row: Instance, now: datetime) -> Explanation: ...

    def costs(self, rows: Sequence[Instance]) -> Mapping[str, Cost]:
        """By instance id; of rows that this backend has answered."""
        ...

    def added(self, answer: Answer) -> Mapping[str, Added]:
        """What each deadline that `answer` has moved costs, by instance id."""
        ...

    def billing(self, row: Instance) -> BillingRules: ...


class Requests(Protocol):
    def rehearse(self, wish: Wish) -> Rehearsed: ...

    def creation(self, wish: Wish) -> Callable[[], Answer]:
        """The request, ready to be sent. Raises Refused for what can be told without storing anything."""
        ...

    def check_extend(self, rows: Sequence[Instance], deadline: Deadline, now: datetime, *, start: bool) -> None:
        """Raises what limits would refuse it; nothing is stored."""
        ...

    def check_start(self, rows: Sequence[Instance], deadline: Deadline | None, now: datetime) -> None: ...

    def extend(self, ids: Sequence[str], deadline: Deadline, *, start: bool) -> Answer: ...

    def start(self, ids: Sequence[str], deadline: Deadline | None) -> Answer: ...

    def stop(self, ids: Sequence[str], *, shelve: bool) -> Answer: ...

    def terminate(self, ids: Sequence[str]) -> Answer: ...

    def protect(self, ids: Sequence[str], *, on: bool) -> Answer: ...

    def give(self, ids: Sequence[str], to: str) -> Answer: ...

    def adopt(self, wanted: Adoption) -> Answer: ...

    def adopt_orphans(
        self, machines: Sequence[str], deadline: Deadline, *, name: str | None, force: bool
    ) -> Answer: ...

    def terminate_orphans(self, machines: Sequence[str], *, force: bool) -> Answer: ...

    def price_may_come(self, unknown: PriceUnknown) -> bool:
        """Is a worker asked for it, so that the same request may be accepted in a moment?"""
        ...

    def price_is_there(self, unknown: PriceUnknown) -> bool:
        """Is it worth while to ask again?"""
        ...


class Money(Protocol):
    def report(self, by: str, since: timedelta) -> Report: ...

    def budgets(self) -> Sequence[budget.Use]: ...

    def my_budgets(self) -> Sequence[budget.Use]:
        """Those in which what one has oneself is counted."""
        ...

    def set_budget(self, owner: str, usd: Decimal) -> budget.Use: ...

    def remove_budget(self, owner: str) -> None: ...

    def prices(self, names: Sequence[str], provider: str | None, region: str | None) -> Sequence[Known]: ...

    def offers(self, gpu: str | None, most: Decimal | None, span: timedelta) -> Offers:
        """Machines with these GPUs (None: with any) that cost at most so much an hour, and their bill for `span`."""
        ...

    def set_price(self, name: str, usd: Decimal, provider: str | None, region: str | None, *, spot: bool) -> str:
        """Returns the region for which it was stated."""
        ...


class People(Protocol):
    def users(self) -> Sequence[User]: ...

    def add_user(self, login: str, *, kind: UserKind, role: Role, team: str | None, display: str) -> User: ...

    def change_user(
        self,
        login: str,
        *,
        role: Role | None = None,
        team: str | None = None,
        display: str | None = None,
        disabled: bool | None = None,
        subject: str | None = None,
    ) -> User: ...

    def remove_user(self, login: str) -> None: ...

    def tokens(self, login: str | None, *, everybody: bool) -> Sequence[Token]: ...

    def create_token(
        self, name: str, *, login: str | None, grants: frozenset[Grant], life: timedelta | None
    ) -> Made: ...

    def break_glass(self, name: str, life: timedelta) -> Made: ...

    def rotate_token(self, token_id: str, overlap: timedelta) -> Made: ...

    def revoke_token(self, token_id: str) -> Token: ...

    def sessions(self, login: str | None) -> Sequence[Session]:
        """One user's, or everybody's that one may see."""
        ...

    def end_session(self, session_id: str) -> Session: ...

    def link(self, login: str | None) -> tuple[Link, str]:
        """A link that signs a browser in, and its address."""
        ...

    def quotas(self) -> Sequence[quota.Use]: ...

    def set_quota(self, wanted: Quota) -> quota.Use: ...

    def remove_quota(self, of: QuotaFor, name: str) -> None: ...

    def views(self) -> Sequence[View]:
        """Those that one has saved, by name."""
        ...

    def save_view(self, view: View) -> View:
        """In place of the one of that name."""
        ...

    def rename_view(self, name: str, to: str) -> View: ...

    def remove_view(self, name: str) -> None: ...

    def audit(self, limit: int) -> Sequence[Entry]: ...


class Webhooks(Protocol):
    def listed(self) -> Sequence[Webhook]: ...

    def create(
        self, name: str, url: str, *, kinds: frozenset[WebhookKind], owner: str | None, everybody: bool
    ) -> MadeWebhook: ...

    def change(
        self, webhook_id: str, *, url: str | None, kinds: frozenset[WebhookKind] | None, on: bool | None
    ) -> Webhook: ...

    def rotate(self, webhook_id: str, overlap: timedelta) -> MadeWebhook: ...

    def remove(self, webhook_id: str) -> None: ...

    def test(self, webhook_id: str) -> str:
        """The id of the message that is on its way."""
        ...

    def resend(self, webhook_id: str) -> int: ...

    def deliveries(self, webhook_id: str, limit: int, message: str | None = None) -> Sequence[Delivery]: ...


class Fleet(Protocol):
    def orphans(self) -> Orphans: ...

    def pause(self, length: timedelta, reason: str) -> datetime: ...

    def resume(self) -> bool: ...

    def metrics(self) -> str: ...

    def look_for_leftovers(self) -> None: ...

    def leftovers(self) -> Survey: ...

    def approve_deletion(self, things: Iterable[Leftover]) -> None: ...


class Backend(Protocol):
    """`me` is who asks; `sandbox`: no cloud behind it is real."""

    @property
    def me(self) -> str: ...

    @property
    def sandbox(self) -> bool: ...

    @property
    def looks(self) -> Looks: ...

    @property
    def requests(self) -> Requests: ...

    @property
    def money(self) -> Money: ...

    @property
    def people(self) -> People: ...

    @property
    def webhooks(self) -> Webhooks: ...

    @property
    def fleet(self) -> Fleet: ...

    def close(self) -> None: ...
