"""DigitalOcean behind the contract: which calls each verb makes.

DigitalOcean has no fence for a launch: a create that is repeated makes a second droplet. So a launch whose answer was lost is
looked for by its token, which every droplet of it carries as a tag, and asked for again only when nothing of it shows for longer
than tags need. One call makes up to ten droplets, and a launch is one call: the slots that it has no room for join the next.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from im.domain import tags
from im.domain.config.sandbox import sandbox_at
from im.domain.errors import Refused
from im.domain.scope import Scope
from im.domain.sighting import Sighting
from im.domain.spec.spec import Spec
from im.domain.state import Observed
from im.providers import errors
from im.providers.contract import EVERYTHING, BatchResult, Check, Filter, Slot, Snapshot
from im.providers.digitalocean.account import URL, token_of
from im.providers.digitalocean.api import DigitalOceanApi
from im.providers.digitalocean.capabilities import AT_ONCE
from im.providers.digitalocean.checks import checks
from im.providers.digitalocean.droplets import droplet_name, may_be_ours, newest, sighting
from im.providers.digitalocean.features import Adoption, Leftovers, Marks, Regions
from im.providers.digitalocean.prices import Prices
from im.providers.digitalocean.profile import PROFILE
from im.providers.digitalocean.resources import ensure_firewall, ensure_key
from im.providers.digitalocean.shelf import Shelving
from im.providers.digitalocean.tags import flat, written
from im.providers.errors import InvalidSpec, NotFound, ProviderError, Unauthenticated, WrongState
from im.providers.kit.each import each
from im.providers.kit.http import Answer
from im.providers.machine import Machine

if TYPE_CHECKING:
    from im.settings import Settings

NAME = PROFILE.name
Page = tuple[list[dict[str, Any]], Answer]
_FEW = 5
"""So many droplets are asked for one by one; more are listed."""


class DigitalOceanProvider:
    """One team, for one deployment."""

    deadline_guard = None
    protection = None
    spot = None
    states = None

    def __init__(self, api: DigitalOceanApi, deployment: str) -> None:
        self.capabilities = PROFILE.capabilities
        self._api, self._deployment = api, deployment
        self._team = ""
        self.adoption = Adoption(api, deployment)
        self.leftovers = Leftovers(api, deployment)
        self.marks = Marks(api, deployment)
        self.prices = Prices(api)
        self.shelving = Shelving(api, deployment)
        self.zones = Regions(api)

    def identity(self, scope: Scope, *, afresh: bool = False) -> str:
        """The team that the token belongs to; the account, where it is of none."""
        if afresh or not self._team:
            account = self._api.get("/account").body["account"]
            self._team = f"team {(account.get('team') or {}).get('uuid') or account['uuid']}"
        return self._team

    # ---- launching ---------------------------------------------------------------------------------------------------

    def launch(self, scope: Scope, spec: Spec, *, token: str, slots: Sequence[Slot]) -> list[Sighting]:
        """A droplet for each of the first ten slots: all of them, or none."""
        asked, names = self._request(spec, token), [droplet_name(one.name, one.instance_id) for one in slots[:AT_ONCE]]
        try:
            answer = self._api.send("POST", "/droplets", {"names": names, **asked})
        except errors.NotOffered as exc:
            raise self._why_not(asked, exc) from exc
        except NotFound as exc:
            raise InvalidSpec(exc.message) from exc  # the image or the network
        made = {one["name"]: one for one in (answer.body or {}).get("droplets") or []}
        if set(names) != set(made):
            raise errors.Ambiguous(f"DigitalOcean answered for {len(made)} droplets of {len(names)}")
        # tags show later: what was asked for is what they are going to say
        return [sighting({**made[name], "tags": asked["tags"]}, index=place) for place, name in enumerate(names)]

    def _request(self, spec: Spec, token: str) -> dict[str, Any]:
        """All that the droplets of a launch have in common, which is all but their names."""
        facts = {**spec.tags, tags.DEPLOYMENT: self._deployment, tags.LAUNCH: token, tags.OWNER: spec.owner}
        asked: dict[str, Any] = {
            "size": spec.instance_type,
            "region": spec.zone,
            "image": int(spec.image) if spec.image.isdigit() else spec.image,
            "ssh_keys": [ensure_key(self._api, self._deployment, spec.public_key)],
            "tags": written(facts),
        }
        if spec.firewall is not None:
            asked["tags"].append(ensure_firewall(self._api, self._deployment, spec.firewall))
        if spec.user_data is not None:
            asked["user_data"] = spec.user_data.decode()
        return asked

    def _why_not(self, asked: Mapping[str, Any], refused: errors.NotOffered) -> ProviderError:
        """No room, where the list of sizes still sells it there."""
        sizes = self._api.all("/sizes", "sizes")
        sold = any(one["slug"] == asked["size"] and asked["region"] in one["regions"] for one in sizes)
        return errors.NoCapacity(refused.message) if sold else refused

    def label(self, scope: Scope, slots: Mapping[Machine, Slot]) -> None:
        """Nothing to do: a droplet carries its name, and its id in that, from the first."""

    # ---- looking -----------------------------------------------------------------------------------------------------

    def describe(self, scope: Scope, machines: Sequence[Machine]) -> dict[str, Sighting]:
        wanted = {one.id for one in machines if one.id.isdigit()}
        if not wanted:
            return {}
        now = newest(self._api)
        if len(wanted) > _FEW:
            seen = (sighting(one, now) for page, _ in self._everything() for one in page)
            return {one.provider_id: one for one in seen if one.provider_id in wanted}
        found = {}
        for one in wanted:
            try:
                found[one] = sighting(self._api.get(f"/droplets/{one}").body["droplet"], now)
            except NotFound:
                continue
        return found

    def list(self, scope: Scope, which: Filter = EVERYTHING) -> Iterator[Snapshot]:
        """A look for a launch goes over all droplets of the team. One that is so young that its tags may not show yet, and is
        called like ours, makes it incomplete; so does one that was created lately and does not show at all."""
        now = newest(self._api)
        pages = self._everything() if which.token else self._ours()
        first, seen = True, set[int]()
        try:
            for page, answer in pages:
                fresh = [one for one in page if one["id"] not in seen]
                seen |= {one["id"] for one in fresh}
                mine = [shown for one in fresh if self._is_wanted(shown := sighting(one, now), which)]
                at = answer.date or datetime.now(UTC)
                doubtful = bool(which.token) and any(may_be_ours(one, at) for one in fresh)
                yield Snapshot(not doubtful, tuple(mine), answer.date)
                first = False
            if which.token and not now.created <= seen:
                yield Snapshot(False, ())
        except ProviderError:
            if first:
                raise
            yield Snapshot(False, ())

    def _is_wanted(self, one: Sighting, which: Filter) -> bool:
        if one.tags.get(tags.DEPLOYMENT) != self._deployment or which.zone not in ("", one.zone):
            return False
        return not which.token or one.tags.get(tags.LAUNCH) == which.token

    def _ours(self) -> Iterator[Page]:
        """By tag, and those with a GPU, which no tag shows, beside."""
        yield from self._api.pages("/droplets", "droplets", tag_name=flat(tags.DEPLOYMENT, self._deployment))
        yield from self._api.pages("/droplets", "droplets", type="gpus")

    def _everything(self) -> Iterator[Page]:
        yield from self._api.pages("/droplets", "droplets")
        yield from self._api.pages("/droplets", "droplets", type="gpus")

    # ---- changing ----------------------------------------------------------------------------------------------------

    def start(self, scope: Scope, machines: Sequence[Machine]) -> BatchResult:
        return each(machines, lambda one: self._act(one, "power_on", Observed.PENDING, Observed.RUNNING))

    def stop(self, scope: Scope, machines: Sequence[Machine], *, hibernate: Collection[str] = ()) -> BatchResult:
        """The power is cut: a guest may ignore the button, and a deadline does not wait for it."""
        return each(machines, lambda one: self._act(one, "power_off", Observed.STOPPING, Observed.STOPPED))

    def terminate(self, scope: Scope, machines: Sequence[Machine]) -> BatchResult:
        """Accepted is not gone: a DELETE may come to nothing, and only a look that finds no droplet ends it."""

        def delete(machine: Machine) -> Sighting:
            self._api.send("DELETE", _path(machine))
            return Sighting(machine.id, Observed.TERMINATING)

        return each(machines, delete)

    def _act(self, machine: Machine, kind: str, becomes: Observed, goal: Observed) -> Sighting:
        try:
            self._api.send("POST", f"{_path(machine)}/actions", {"type": kind})
        except (WrongState, InvalidSpec) as exc:
            seen = sighting(self._api.get(_path(machine)).body["droplet"], newest(self._api))
            if seen.state is goal:
                return seen
            raise WrongState(exc.message) from exc
        return Sighting(machine.id, becomes)

    def checks(self, scope: Scope) -> Sequence[Check]:
        return checks(self._api)


def _path(machine: Machine) -> str:
    if not machine.id.isdigit():
        raise NotFound(f"DigitalOcean has no droplet {machine.id[:40]}")
    return f"/droplets/{machine.id}"


def from_settings(settings: Settings, deployment: str, account: str) -> DigitalOceanProvider:
    """The provider for this process and one of our accounts; no call is made yet."""
    if url := settings.sandbox_of(NAME):
        sandbox = sandbox_at(url)
        api = DigitalOceanApi(lambda: f"{account}.{sandbox.secret}", f"{sandbox.endpoint}/v2")
        return DigitalOceanProvider(api, deployment)

    def token() -> str:
        try:
            return token_of(settings.account_called(account, NAME), os.environ)
        except Refused as exc:
            raise Unauthenticated(f"{exc.message} in the settings of this worker ({exc.hint})") from exc

    there = os.environ.get(URL, "").rstrip("/")
    return DigitalOceanProvider(DigitalOceanApi(token, f"{there}/v2" if there else ""), deployment)
