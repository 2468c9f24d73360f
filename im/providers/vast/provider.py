"""Vast behind the contract: which calls each verb makes.

A launch takes offers one after the other until one is to be had, and makes one machine a call: the other slots join the next. Vast
has no fence for it, so one whose answer was lost is looked for by its token, which its machine carries in its label. What was
refused and made all the same is taken away again at once. Nothing is changed of a machine whose label is not ours.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from im.domain import tags as facts
from im.domain.config.sandbox import sandbox_at
from im.domain.errors import Refused
from im.domain.scope import Scope
from im.domain.sighting import Sighting
from im.domain.spec.spec import Spec
from im.domain.state import Observed
from im.providers import errors
from im.providers.contract import EVERYTHING, BatchResult, Check, Filter, Slot, Snapshot
from im.providers.errors import LabelChanged, NotFound, ProviderError, Unauthenticated
from im.providers.kit.each import each
from im.providers.machine import Machine
from im.providers.vast import onstart, tags
from im.providers.vast.account import token_of, url
from im.providers.vast.api import PAGE, MadeNevertheless, VastApi
from im.providers.vast.checks import checks
from im.providers.vast.features import Adoption, Countries, Marks
from im.providers.vast.instances import sighting
from im.providers.vast.market import Ask, Market, disk_of
from im.providers.vast.prices import Prices
from im.providers.vast.profile import PROFILE

if TYPE_CHECKING:
    from im.settings import Settings

NAME = PROFILE.name
TRIES = 3
"""Offers that one call of a launch tries to take: they are four and a half seconds apart."""
SCHEDULING = 30.0
"""Seconds after which a start that has not begun has no GPU (https://docs.vast.ai/documentation/instances/manage-instances)."""


class VastProvider:
    """One account, for one deployment."""

    deadline_guard = None
    leftovers = None
    protection = None
    shelving = None
    spot = None
    states = None

    def __init__(self, api: VastApi, deployment: str, clock: Callable[[], float] = time.monotonic) -> None:
        self.capabilities = PROFILE.capabilities
        self._api, self._deployment, self._clock = api, deployment, clock
        self._identity = ""
        self._asked: dict[str, float] = {}
        """Machines that were asked to run by this process, and when."""
        self._market = Market(api, clock)
        self.adoption = Adoption(api, deployment, self._labels)
        self.marks = Marks(api, deployment, self._labels)
        self.prices = Prices(self._market)
        self.zones = Countries(self._market)

    def identity(self, scope: Scope, *, afresh: bool = False) -> str:
        if afresh or not self._identity:
            self._identity = f"user {self._api.user()['id']}"
        return self._identity

    # ---- launching ---------------------------------------------------------------------------------------------------

    def launch(self, scope: Scope, spec: Spec, *, token: str, slots: Sequence[Slot]) -> list[Sighting]:
        """A machine for the first slot, of the best offer that is still to be had."""
        slot, offers = slots[0], self._market.search(spec)
        if not offers:
            raise errors.NoCapacity(f"nobody at Vast offers {_wished(spec)} now")
        body = self._request(spec, token, slot)
        gone: ProviderError | None = None
        for offer in offers[:TRIES]:
            try:
                made, at = self._api.take(offer.number, body)
            except MadeNevertheless as exc:
                gone = exc
                if left := self._take_back(exc.contract, offer, spec, body):
                    return [left]
            except errors.NoCapacity as exc:
                gone = exc
            else:
                return [self._shown(made, "loading", offer, spec, body, at)]
        told = f"{min(TRIES, len(offers))} offers of {spec.instance_type} went to others before: {gone}"
        if len(offers) > TRIES:
            raise errors.Unavailable(told)  # there are more, and a new search says which
        raise errors.NoCapacity(told)

    def _take_back(self, contract: str, offer: Ask, spec: Spec, body: Mapping[str, Any]) -> Sighting | None:
        """What a refusal has left standing costs its disk. None once it is gone; what cannot be ended now is a machine."""
        try:
            self._api.destroy(contract)
        except NotFound:
            return None
        except ProviderError:
            return self._shown(contract, "exited", offer, spec, body)
        return None

    def _shown(
        self, made: str, status: str, offer: Ask, spec: Spec, body: Mapping[str, Any], at: datetime | None = None
    ) -> Sighting:
        shown: dict[str, Any] = {
            "id": made,
            "start_date": at.timestamp() if at else None,
            "actual_status": status,
            "intended_status": "running",
            "label": body["label"],
            "gpu_name": offer.gpu_name,
            "gpu_ram": offer.gpu_ram,
            "num_gpus": offer.count,
            "geolocation": f", {offer.country}",
            "image_uuid": spec.image,
            "disk_space": disk_of(spec),
            "dph_base": offer.compute,
            "storage_cost": offer.disk,
        }
        return sighting(shown, self._deployment)

    def _request(self, spec: Spec, token: str, slot: Slot) -> dict[str, Any]:
        said = {facts.DEPLOYMENT: self._deployment, facts.LAUNCH: token, facts.OWNER: spec.owner}
        return {
            "image": spec.image,
            "disk": disk_of(spec),
            "label": tags.label({**said, facts.INSTANCE: slot.instance_id, facts.NAME: slot.name}),
            "runtype": "ssh_direct",
            "onstart": onstart.script(spec.public_key, spec.user_data),
            "target_state": "running",
            "cancel_unavail": True,
        }

    def label(self, scope: Scope, slots: Mapping[Machine, Slot]) -> None:
        """Nothing to do: a machine carries its name and its id from the first."""

    # ---- looking -----------------------------------------------------------------------------------------------------

    def describe(self, scope: Scope, machines: Sequence[Machine]) -> dict[str, Sighting]:
        """Of one that was ours, and whose label somebody has edited, it is told that it is nobody's any more."""
        seen = {i: self._sighting(one) for i, one in self._by_id([one.id for one in machines]).items()}
        edited = [
            one.id for one in machines if one.notes and one.id in seen and facts.DEPLOYMENT not in seen[one.id].tags
        ]
        nobodys = {i: replace(seen[i], tags={**seen[i].tags, facts.DEPLOYMENT: ""}) for i in edited}
        return {**seen, **nobodys}

    def list(self, scope: Scope, which: Filter = EVERYTHING) -> Iterator[Snapshot]:
        """Vast has no filter by the beginning of a label: everything of the account is read, and strangers' are left out here."""
        after, first = "", True
        while first or after:
            try:
                answer = self._api.page(after)
            except ProviderError:
                if first:
                    raise
                yield Snapshot(False, ())
                return
            seen = [self._sighting(one) for one in answer.body.get("instances") or ()]
            yield Snapshot(True, tuple(one for one in seen if self._is_wanted(one, which)), answer.date)
            after, first = str(answer.body.get("next_token") or ""), False

    def _is_wanted(self, one: Sighting, which: Filter) -> bool:
        if one.tags.get(facts.DEPLOYMENT) != self._deployment or which.zone not in ("", one.zone):
            return False
        return not which.token or tags.is_of(one.tags, which.token)

    def _sighting(self, shown: Mapping[str, Any]) -> Sighting:
        asked = self._clock() - self._asked.get(str(shown.get("id")), -SCHEDULING) < SCHEDULING
        return sighting(shown, self._deployment, asked=asked)

    def _by_id(self, ids: Sequence[str]) -> dict[str, dict[str, Any]]:
        """As Vast shows them; one that it does not know is absent."""
        numbers = sorted({int(one) for one in ids if one.isascii() and one.isdigit()})
        found: dict[str, dict[str, Any]] = {}
        for at in range(0, len(numbers), PAGE):
            answer = self._api.page(only={"id": {"in": numbers[at : at + PAGE]}})
            found |= {str(one["id"]): one for one in answer.body.get("instances") or ()}
        return found

    def _labels(self) -> dict[str, str]:
        found: dict[str, str] = {}
        after, first = "", True
        while first or after:
            body = self._api.page(after).body
            found |= {str(one["id"]): str(one.get("label") or "") for one in body.get("instances") or ()}
            after, first = str(body.get("next_token") or ""), False
        return found

    # ---- changing ----------------------------------------------------------------------------------------------------

    def start(self, scope: Scope, machines: Sequence[Machine]) -> BatchResult:
        """Accepted also where the GPU is taken: whether it comes is seen later."""

        def run(machine: str) -> Sighting:
            self._api.change(machine, {"state": "running"})
            self._asked[machine] = self._clock()
            return Sighting(machine, Observed.PENDING)

        return self._each(machines, run, Observed.RUNNING)

    def stop(self, scope: Scope, machines: Sequence[Machine], *, hibernate: Collection[str] = ()) -> BatchResult:
        def halt(machine: str) -> Sighting:
            self._api.change(machine, {"state": "stopped"})
            self._asked.pop(machine, None)
            return Sighting(machine, Observed.STOPPING)

        return self._each(machines, halt, Observed.STOPPED)

    def terminate(self, scope: Scope, machines: Sequence[Machine]) -> BatchResult:
        def end(machine: str) -> Sighting:
            self._api.destroy(machine)
            return Sighting(machine, Observed.TERMINATING)

        return self._each(machines, end, Observed.TERMINATED)

    def _each(self, machines: Sequence[Machine], change: Callable[[str], Sighting], goal: Observed) -> BatchResult:
        """One after the other, as Vast wants it, of those that are there and carry our label."""
        shown = self._by_id([one.id for one in machines])

        def one(machine: Machine) -> Sighting:
            if machine.id not in shown:
                raise NotFound(f"Vast has no instance {machine.id[:40]}")
            seen = self._sighting(shown[machine.id])
            if seen.tags.get(facts.DEPLOYMENT) != self._deployment:
                told = f"the label of {machine.id} was changed at Vast, so that it is none of ours any more: im leaves it alone"
                raise LabelChanged(told)
            return seen if seen.state is goal and seen.cause.code != "no_capacity" else change(machine.id)

        return each(machines, one, hands=1)

    def checks(self, scope: Scope) -> Sequence[Check]:
        return checks(self._api, self._market, lambda: self.identity(scope))


def _wished(spec: Spec) -> str:
    most = spec.provider_options.get("max_price")
    return f"{spec.instance_type} in {spec.zone}{f' for ${most} an hour' if most else ''}"


def from_settings(settings: Settings, deployment: str, account: str) -> VastProvider:
    """The provider for this process and one of our accounts; no call is made yet."""
    if address := settings.sandbox_of(NAME):
        sandbox = sandbox_at(address)
        return VastProvider(VastApi(lambda: f"{account}.{sandbox.secret}", sandbox.endpoint), deployment)

    def token() -> str:
        try:
            return token_of(settings.account_called(account, NAME), os.environ)
        except Refused as exc:
            raise Unauthenticated(f"{exc.message} in the settings of this worker ({exc.hint})") from exc

    return VastProvider(VastApi(token, url(os.environ)), deployment)
