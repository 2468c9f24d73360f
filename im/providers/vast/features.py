"""What Vast can do beyond the nine verbs: a label that takes a machine in, countries with offers, a mark behind the label."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from im.domain import tags as facts
from im.domain.adoption import Controller
from im.domain.scope import Scope
from im.domain.sighting import Sighting
from im.domain.spec.spec import Spec
from im.providers.contract import Slot
from im.providers.errors import NoCapacity, NotFound
from im.providers.machine import Machine
from im.providers.vast import tags
from im.providers.vast.api import VastApi
from im.providers.vast.market import Market

Labels = Callable[[], Mapping[str, str]]
"""Machine → its label, of every instance of the account. Raises ProviderError when not all were seen."""


class Adoption:
    """The one label becomes ours; what the person called it stays as a name, as far as a label of ours can say it."""

    def __init__(self, api: VastApi, deployment: str, labels: Labels) -> None:
        self._api, self._deployment, self._labels = api, deployment, labels

    def controller(self, seen: Sighting) -> Controller | None:
        return None

    def take(self, scope: Scope, machine: Machine, slot: Slot, owner: str) -> None:
        labels = self._labels()
        if machine.id not in labels:
            raise NotFound(f"Vast has no instance {machine.id[:40]}")
        said = tags.read(labels[machine.id], self._deployment)
        ours = said.get(facts.DEPLOYMENT) == self._deployment
        told = {
            facts.DEPLOYMENT: self._deployment,
            facts.LAUNCH: said.get(facts.LAUNCH, "") if ours else "",
            facts.OWNER: owner,
            facts.INSTANCE: slot.instance_id,
            facts.NAME: said.get(facts.NAME) or slot.name,
        }
        label = tags.label(told)
        if label != labels[machine.id]:
            self._api.change(machine.id, {"label": label})


class Countries:
    def __init__(self, market: Market) -> None:
        self._market = market

    def offering(self, scope: Scope, spec: Spec, types: Sequence[str]) -> Mapping[str, Sequence[str]]:
        """Where it is to be had now, the best first. Raises NoCapacity when nobody offers any of the types."""
        seen = self._market.look(spec, types)
        found = {
            kind: list(dict.fromkeys(one.country for one in seen if one.instance_type == kind and one.country))
            for kind in types
        }
        if not any(found.values()):
            raise NoCapacity(f"nobody at Vast offers {' or '.join(types[:3])} like that now")
        return found


class Marks:
    def __init__(self, api: VastApi, deployment: str, labels: Labels) -> None:
        self._api, self._deployment, self._labels = api, deployment, labels

    def put(self, scope: Scope, machine: Machine, value: str) -> None:
        label = self._labels().get(machine.id)
        if label is None:
            raise NotFound(f"Vast has no instance {machine.id[:40]}")
        self._api.change(machine.id, {"label": tags.marked(label, value)})

    def read(self, scope: Scope) -> Mapping[str, str]:
        said = {machine: tags.read(label, self._deployment) for machine, label in self._labels().items()}
        ours = {machine: told for machine, told in said.items() if told.get(facts.DEPLOYMENT) == self._deployment}
        return {machine: told[facts.MARK] for machine, told in ours.items() if facts.MARK in told}
