"""Requests on instances, each under a key of its own: what the server has heard twice it does once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from im.cli.backend.remote.forms import create_form, deadline_form
from im.cli.backend.remote.link import Link
from im.cli.backend.remote.looks import RemoteLooks
from im.domain.errors import Refused
from im.views.change import read_answer

if TYPE_CHECKING:
    from datetime import datetime

    from im.cli.backend.wishes import Adoption
    from im.domain.instance import Instance
    from im.domain.intent import Deadline
    from im.domain.money.unknown_price import PriceUnknown
    from im.services.requests.result import Answer
    from im.services.requests.wish import Wish
    from im.views.plan import Rehearsed

AGAIN_EVERY = 4
"""A price that is being asked for: so many looks between two requests."""


def knowing_own_network(form: dict[str, Any], send: Callable[[dict[str, Any]], Any]) -> Any:
    """What `send` answers. Only this machine can know what `me` is, and only the server whether it matters: it asks back."""
    try:
        return send(form)
    except Refused as exc:
        if exc.code != "address_wanted":
            raise
    from im.cli.options import own_address

    return send({**form, "own_network": own_address.own_network()})


class RemoteRequests:
    def __init__(self, link: Link, looks: RemoteLooks) -> None:
        self._link, self._looks = link, looks
        self._looked = 0

    def rehearse(self, wish: Wish) -> Rehearsed:
        from im.views.plan import read_plan

        form = create_form(wish)
        return self._link.read(
            read_plan, knowing_own_network(form, lambda form: self._link.rehearse("/instances", form))
        )

    def creation(self, wish: Wish) -> Callable[[], Answer]:
        form = create_form(wish)
        return lambda: self._answer(knowing_own_network(form, lambda form: self._link.post("/instances", form)))

    def check_extend(self, rows: Sequence[Instance], deadline: Deadline, now: datetime, *, start: bool) -> None:
        self._rehearsed("extend", rows, {**deadline_form(deadline), "start": start})

    def check_start(self, rows: Sequence[Instance], deadline: Deadline | None, now: datetime) -> None:
        self._rehearsed("start", rows, deadline_form(deadline) if deadline else {})

    def _rehearsed(self, verb: str, rows: Sequence[Instance], form: object) -> None:
        self._link.rehearse("/instances:batch", {"verb": verb, "ids": [row.id for row in rows], verb: form})

    def extend(self, ids: Sequence[str], deadline: Deadline, *, start: bool) -> Answer:
        return self._batch("extend", ids, extend={**deadline_form(deadline), "start": start})

    def start(self, ids: Sequence[str], deadline: Deadline | None) -> Answer:
        return self._batch("start", ids, start=deadline_form(deadline) if deadline else {})

    def stop(self, ids: Sequence[str], *, shelve: bool) -> Answer:
        return self._batch("stop", ids, **({"stop": {"shelve": True}} if shelve else {}))

    def terminate(self, ids: Sequence[str]) -> Answer:
        return self._batch("terminate", ids)

    def protect(self, ids: Sequence[str], *, on: bool) -> Answer:
        return self._batch("protect", ids, protect={"on": on})

    def give(self, ids: Sequence[str], to: str) -> Answer:
        return self._batch("give", ids, give={"to": to})

    def adopt(self, wanted: Adoption) -> Answer:
        form = {
            **deadline_form(wanted.deadline),
            "machines": list(wanted.machines),
            "name": wanted.name,
            "provider": wanted.provider,
            "account": wanted.account,
            "region": wanted.region,
            "ssh_user": wanted.ssh_user or None,
            "force": wanted.force,
        }
        return self._answer(self._link.post("/instances:adopt", form))

    def adopt_orphans(self, machines: Sequence[str], deadline: Deadline, *, name: str | None, force: bool) -> Answer:
        form = {**deadline_form(deadline), "machines": list(machines), "name": name, "force": force}
        return self._answer(self._link.post("/orphans:adopt", form))

    def terminate_orphans(self, machines: Sequence[str], *, force: bool) -> Answer:
        return self._answer(self._link.post("/orphans:terminate", {"machines": list(machines), "force": force}))

    def price_may_come(self, unknown: PriceUnknown) -> bool:
        return True  # the server says so with the refusal itself

    def price_is_there(self, unknown: PriceUnknown) -> bool:
        self._looked += 1
        return self._looked % AGAIN_EVERY == 0

    def _batch(self, verb: str, ids: Sequence[str], **form: object) -> Answer:
        return self._answer(self._link.post("/instances:batch", {"verb": verb, "ids": list(ids), **form}))

    def _answer(self, told: Any) -> Answer:
        answer = self._link.read(read_answer, told, stored=True)
        self._link.read(lambda one: self._looks.noted(one["items"]), told, stored=True)
        return answer
