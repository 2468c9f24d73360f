"""Hetzner behind the contract: which calls each verb makes.

A server's name holds the id of its instance, and names are unique in a project: a launch that is repeated meets the server that
it made (409), takes it if its labels say so, and never makes another.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from im.domain import tags
from im.domain.config.sandbox import sandbox_at
from im.domain.errors import Refused
from im.domain.scope import Scope
from im.domain.shelf.snapshot import KEPT_ADDRESS
from im.domain.sighting import Sighting
from im.domain.spec.spec import Spec
from im.domain.state import Observed
from im.providers import errors
from im.providers.contract import EVERYTHING, BatchResult, Check, Filter, Slot, Snapshot
from im.providers.errors import InvalidSpec, NotFound, ProviderError, Unauthenticated
from im.providers.hetzner.account import token_of
from im.providers.hetzner.addresses import Addresses
from im.providers.hetzner.api import HetznerApi
from im.providers.hetzner.features import Adoption, Leftovers, Locations, Marks, Prices, Protection
from im.providers.hetzner.profile import DEFAULT_TYPE, PROFILE
from im.providers.hetzner.resources import anchor, ensure_firewall, ensure_key
from im.providers.hetzner.servers import CODEC, path_of, sighting
from im.providers.hetzner.shelf import Shelving
from im.providers.kit.checks import check
from im.providers.kit.each import each
from im.providers.kit.names import server_name
from im.providers.machine import Machine

if TYPE_CHECKING:
    from im.settings import Settings

NAME = PROFILE.name
_NET = "public_net"
_FEW = 5
"""So many servers are asked for one by one; more are listed."""


class HetznerProvider:
    """One project, for one deployment."""

    deadline_guard = None
    spot = None
    states = None

    def __init__(self, api: HetznerApi, deployment: str) -> None:
        self.capabilities = PROFILE.capabilities
        self._api, self._deployment = api, deployment
        self._anchor = ""
        self.adoption = Adoption(api, deployment)
        self.leftovers = Leftovers(api, deployment)
        self.marks = Marks(api, deployment)
        self.prices = Prices(api)
        self.protection = Protection(api)
        self.shelving = Shelving(api, deployment)
        self.zones = Locations(api)

    def identity(self, scope: Scope, *, afresh: bool = False) -> str:
        """Hetzner names neither project nor account: what stands for the project is the number of a key that we leave there."""
        if afresh or not self._anchor:
            self._anchor = f"project of anchor {anchor(self._api)}"
        return self._anchor

    # ---- launching ---------------------------------------------------------------------------------------------------

    def launch(self, scope: Scope, spec: Spec, *, token: str, slots: Sequence[Slot]) -> list[Sighting]:
        """A server for each slot, in order. After the first one a refusal ends it: what was made is what there is."""
        key = ensure_key(self._api, self._deployment, spec.public_key)
        rules = spec.firewall
        wall = ensure_firewall(self._api, self._deployment, rules) if rules is not None else None
        made: list[Sighting] = []
        for at, slot in enumerate(slots):
            asked = self._request(spec, token, slot, at, key, wall)
            try:
                made.append(self._create(asked, token))
            except errors.Ambiguous:
                raise
            except ProviderError:
                if not made:
                    raise
                break
        return made

    def _request(self, spec: Spec, token: str, slot: Slot, at: int, key: int, wall: int | None) -> dict[str, Any]:
        facts = {
            **spec.tags,
            tags.DEPLOYMENT: self._deployment,
            tags.LAUNCH: token,
            tags.OWNER: spec.owner,
            tags.INSTANCE: slot.instance_id,
            tags.NAME: slot.name,
        }
        asked: dict[str, Any] = {
            "name": server_name(slot.name, slot.instance_id),
            "server_type": spec.instance_type,
            "image": spec.image,
            "location": spec.zone,
            "ssh_keys": [key],
            "labels": {**CODEC.labels(facts), "im/slot": str(at)},
            "start_after_create": True,
        }
        if wall is not None:
            asked["firewalls"] = [{"firewall": wall}]
        if spec.user_data is not None:
            asked["user_data"] = spec.user_data.decode()
        kept = spec.provider_options.get(KEPT_ADDRESS)
        if kept and Addresses(self._api, self._deployment).usable(str(kept), spec.zone, slot.instance_id, token):
            asked[_NET] = {"enable_ipv4": True, "enable_ipv6": True, "ipv4": int(kept)}
        return asked

    def _create(self, asked: dict[str, Any], token: str) -> Sighting:
        try:
            answer = self._api.send("POST", "/servers", asked)
        except InvalidSpec as exc:
            if "already used" in exc.message:
                return self._namesake(asked["name"], token, exc)
            if _NET in asked:
                return self._with_another_address(asked, token)
            raise
        except NotFound as exc:
            if _NET in asked:
                return self._with_another_address(asked, token)
            raise InvalidSpec(exc.message) from exc  # the type, the image or the location
        return sighting(answer.body["server"])

    def _with_another_address(self, asked: dict[str, Any], token: str) -> Sighting:
        """The address was taken between the look and the call, or does not fit: a machine with another one is better than none."""
        return self._create({key: value for key, value in asked.items() if key != _NET}, token)

    def _namesake(self, name: str, token: str, exc: ProviderError) -> Sighting:
        """The server that has the name: ours of this very launch, or somebody else's."""
        for one in self._api.all("/servers", "servers", name=name):
            seen = sighting(one)
            if (seen.tags.get(tags.DEPLOYMENT), seen.tags.get(tags.LAUNCH)) == (self._deployment, token):
                return seen
            if seen.tags.get(tags.DEPLOYMENT) == self._deployment and seen.state is Observed.TERMINATING:
                break  # the machine before it, which has given way to its snapshot
            raise InvalidSpec(f"Hetzner: somebody else's server is called {name}") from exc
        raise errors.WrongState(f"Hetzner: the name {name} is not free yet") from exc

    def label(self, scope: Scope, slots: Mapping[Machine, Slot]) -> None:
        """Nothing to do: a server carries its name and id from the first."""

    # ---- looking -----------------------------------------------------------------------------------------------------

    def describe(self, scope: Scope, machines: Sequence[Machine]) -> dict[str, Sighting]:
        wanted = {one.id for one in machines if one.id.isdigit()}
        if len(wanted) > _FEW:
            seen = (sighting(one) for one in self._api.all("/servers", "servers"))
            return {one.provider_id: one for one in seen if one.provider_id in wanted}
        found = {}
        for one in wanted:
            try:
                found[one] = sighting(self._api.get(f"/servers/{one}").body["server"])
            except NotFound:
                continue
        return found

    def list(self, scope: Scope, which: Filter = EVERYTHING) -> Iterator[Snapshot]:
        selector = f"{CODEC.key(tags.DEPLOYMENT)}={self._deployment}"
        if which.token:
            selector += f",{CODEC.key(tags.LAUNCH)}={which.token}"
        first = True
        try:
            for page, answer in self._api.pages("/servers", "servers", label_selector=selector, sort="id:asc"):
                seen = (sighting(one) for one in page)
                yield Snapshot(True, tuple(one for one in seen if which.zone in ("", one.zone)), answer.date)
                first = False
        except ProviderError:
            if first:
                raise
            yield Snapshot(False, ())

    # ---- changing ----------------------------------------------------------------------------------------------------

    def start(self, scope: Scope, machines: Sequence[Machine]) -> BatchResult:
        return each(machines, lambda one: self._act(one, "poweron", Observed.PENDING))

    def stop(self, scope: Scope, machines: Sequence[Machine], *, hibernate: Collection[str] = ()) -> BatchResult:
        """The power is cut: a guest may ignore the button, and a deadline does not wait for it."""
        return each(machines, lambda one: self._act(one, "poweroff", Observed.STOPPING))

    def terminate(self, scope: Scope, machines: Sequence[Machine]) -> BatchResult:
        def delete(machine: Machine) -> Sighting:
            self._api.send("DELETE", path_of(machine))
            return Sighting(machine.id, Observed.TERMINATING)

        return each(machines, delete)

    def _act(self, machine: Machine, command: str, becomes: Observed) -> Sighting:
        self._api.send("POST", f"{path_of(machine)}/actions/{command}")
        return Sighting(machine.id, becomes)

    def checks(self, scope: Scope) -> Sequence[Check]:
        asked = {
            "endpoint": lambda: f"{len(self._api.all('/locations', 'locations'))} locations answer",
            "identity": lambda: self.identity(scope),
            "type": self._default_type,
        }
        credentials = "set HCLOUD_TOKEN where the worker runs; the console makes one under Security, API tokens"
        allow = "the token may only read: make one with Read & Write"
        return [check(name, ask, credentials=credentials, allow=allow) for name, ask in asked.items()]

    def _default_type(self) -> str:
        for one in self._api.all("/server_types", "server_types", name=DEFAULT_TYPE):
            if one.get("deprecation") is None:
                return f"{DEFAULT_TYPE} is sold"
        raise InvalidSpec(f"Hetzner no longer sells {DEFAULT_TYPE}: name a type with --instance-type")


def from_settings(settings: Settings, deployment: str, account: str) -> HetznerProvider:
    """The provider for this process and one of our accounts; no call is made yet."""
    if url := settings.sandbox_of(NAME):
        sandbox = sandbox_at(url)
        return HetznerProvider(HetznerApi(lambda: f"{account}.{sandbox.secret}", f"{sandbox.endpoint}/v1"), deployment)

    def token() -> str:
        try:
            return token_of(settings.account_called(account, NAME), os.environ)
        except Refused as exc:
            raise Unauthenticated(f"{exc.message} in the settings of this worker ({exc.hint})") from exc

    return HetznerProvider(HetznerApi(token, os.environ.get("HCLOUD_ENDPOINT", "")), deployment)
