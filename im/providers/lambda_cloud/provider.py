"""Lambda behind the contract: which calls each verb makes.

Lambda has no fence for a launch, and makes one machine a call: a launch is one machine, and the slots that it has no room for join
the next, twelve seconds later. One whose answer was lost is looked for by its token, which its machine carries in tags and name.
Nothing can be stopped, so a machine is there until it is ended.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from im.domain import tags
from im.domain.config.sandbox import sandbox_at
from im.domain.errors import Refused
from im.domain.scope import Scope
from im.domain.sighting import Sighting
from im.domain.spec.spec import Spec
from im.domain.state import GONE, Observed
from im.providers import errors
from im.providers.contract import EVERYTHING, BatchResult, Check, Filter, Slot, Snapshot
from im.providers.errors import LabelChanged, NotFound, ProviderError, Unauthenticated, Unsupported, WrongState
from im.providers.kit.batch import act
from im.providers.kit.changed_label import nobodys, refuse_changed
from im.providers.kit.marked_name import marked
from im.providers.lambda_cloud.account import token_of, url
from im.providers.lambda_cloud.api import LAUNCH_EVERY, LambdaApi, Unexplained
from im.providers.lambda_cloud.checks import checks
from im.providers.lambda_cloud.features import Adoption, Leftovers, Regions, room
from im.providers.lambda_cloud.flags import FILE_SYSTEM
from im.providers.lambda_cloud.instances import sighting
from im.providers.lambda_cloud.prices import Prices
from im.providers.lambda_cloud.profile import IMAGE_ID, NEWEST, PROFILE
from im.providers.lambda_cloud.resources import ensure_firewall, ensure_key
from im.providers.lambda_cloud.tags import hostname, is_of, written
from im.providers.machine import Machine

if TYPE_CHECKING:
    from im.settings import Settings

NAME = PROFILE.name
_NO_STOP = "Lambda cannot stop a machine; it can only be terminated, and its disk goes with it"
_OVER = (*GONE, Observed.TERMINATING)


class LambdaProvider:
    """One team, for one deployment."""

    deadline_guard = None
    marks = None
    protection = None
    shelving = None
    spot = None
    states = None

    def __init__(self, api: LambdaApi, deployment: str) -> None:
        self.capabilities = PROFILE.capabilities
        self._api, self._deployment = api, deployment
        self._team = ""
        self._takes_tags = True
        self.adoption = Adoption(api, deployment)
        self.leftovers = Leftovers(api, deployment)
        self.prices = Prices(api)
        self.zones = Regions(api)

    def identity(self, scope: Scope, *, afresh: bool = False) -> str:
        """The account that owns what the team's audit events speak of: no call tells whose a key is.

        Raises Unavailable while there are none, which the first key of a team makes one of.
        """
        if afresh or not self._team:
            events = self._api.get("/audit-events")
            owner = next((one["resource_owner_lrn"] for one in events if one.get("resource_owner_lrn")), "")
            if not owner:
                raise errors.Unavailable("Lambda tells of nothing that would say whose this API key is")
            self._team = str(owner).rpartition(":")[2]
        return f"account {self._team}"

    # ---- launching ---------------------------------------------------------------------------------------------------

    def launch(self, scope: Scope, spec: Spec, *, token: str, slots: Sequence[Slot]) -> list[Sighting]:
        """A machine for the first slot. Where there is no room is asked before: a refused launch costs everybody 12 seconds."""
        types, slot = self._api.get("/instance-types"), slots[0]
        if spec.instance_type in types and spec.zone not in room(types, spec.instance_type):
            raise errors.NoCapacity(f"Lambda has no room for {spec.instance_type} in {spec.zone} now")
        asked = self._request(spec, token, slot)
        try:
            made = self._api.launch(asked)
        except errors.Throttled as exc:
            raise errors.Throttled(exc.message, retry_after=exc.retry_after or LAUNCH_EVERY) from exc
        except NotFound as exc:
            raise errors.InvalidSpec(exc.message) from exc  # the image, the filesystem or the region
        except errors.InvalidSpec as exc:
            if "tags" not in exc.message.lower() or not self._takes_tags:
                raise
            self._takes_tags = False
            raise errors.Throttled(f"{exc.message}; asked for again without", retry_after=LAUNCH_EVERY) from exc
        ids = made.get("instance_ids") if isinstance(made, dict) else None
        if not ids:
            raise errors.Ambiguous("Lambda answered a launch without saying what it has made")
        said = {"id": ids[0], "status": "booting", "region": {"name": spec.zone}, "name": asked["name"]}
        shown = {**said, "tags": asked.get("tags"), "instance_type": {"name": spec.instance_type}}
        return [sighting(shown, self._deployment)]

    def _request(self, spec: Spec, token: str, slot: Slot) -> dict[str, Any]:
        facts = {**spec.tags, tags.DEPLOYMENT: self._deployment, tags.LAUNCH: token, tags.OWNER: spec.owner}
        asked: dict[str, Any] = {
            "region_name": spec.zone,
            "instance_type_name": spec.instance_type,
            "ssh_key_names": [ensure_key(self._api, self._deployment, spec.public_key)],
            "name": marked(slot.name, slot.instance_id, self._deployment, token),
            "hostname": hostname(slot.name),
        }
        if self._takes_tags:
            asked["tags"] = written({**facts, tags.INSTANCE: slot.instance_id})
        if spec.image != NEWEST:
            asked["image"] = {"id" if IMAGE_ID.fullmatch(spec.image) else "family": spec.image}
        if spec.firewall is not None:
            asked["firewall_rulesets"] = [
                {"id": ensure_firewall(self._api, self._deployment, spec.firewall, spec.zone)}
            ]
        if files := spec.provider_options.get(FILE_SYSTEM):
            asked["file_system_names"] = [files]
        if spec.user_data is not None:
            asked["user_data"] = spec.user_data.decode()
        return asked

    def label(self, scope: Scope, slots: Mapping[Machine, Slot]) -> None:
        """Nothing to do: a machine carries its name and its id from the first."""

    # ---- looking -----------------------------------------------------------------------------------------------------

    def describe(self, scope: Scope, machines: Sequence[Machine]) -> dict[str, Sighting]:
        wanted = {one.id for one in machines}
        if not wanted:
            return {}
        shown = (sighting(one, self._deployment) for one in self._api.get("/instances"))
        return {one.provider_id: nobodys(one) for one in shown if one.provider_id in wanted}

    def list(self, scope: Scope, which: Filter = EVERYTHING) -> Iterator[Snapshot]:
        """Lambda shows all instances of the team at once; strangers' are left out here."""
        answer = self._api.answer("/instances")
        shown = (sighting(one, self._deployment) for one in answer.body["data"])
        yield Snapshot(True, tuple(one for one in shown if self._is_wanted(one, which)), answer.date)

    def _is_wanted(self, one: Sighting, which: Filter) -> bool:
        if one.tags.get(tags.DEPLOYMENT) != self._deployment or which.zone not in ("", one.zone):
            return False
        return not which.token or is_of(one.tags, which.token)

    # ---- changing ----------------------------------------------------------------------------------------------------

    def start(self, scope: Scope, machines: Sequence[Machine]) -> BatchResult:
        return BatchResult(failed={one.id: Unsupported(_NO_STOP) for one in machines})

    def stop(self, scope: Scope, machines: Sequence[Machine], *, hibernate: Collection[str] = ()) -> BatchResult:
        return BatchResult(failed={one.id: Unsupported(_NO_STOP) for one in machines})

    def terminate(self, scope: Scope, machines: Sequence[Machine]) -> BatchResult:
        """One that is not there, or ends already, makes Lambda refuse the whole call: so it is looked for before."""
        if not machines:
            return BatchResult()
        seen = self.describe(scope, machines)
        done = {one: shown for one, shown in seen.items() if shown.state in _OVER}
        absent = {one.id: NotFound(f"Lambda has no instance {one.id[:40]}") for one in machines if one.id not in seen}
        alive = [seen[one.id] for one in machines if one.id in seen and one.id not in done]
        others = dict[str, ProviderError]()
        for one in alive:
            try:
                refuse_changed(one, self._deployment, "Lambda")
            except LabelChanged as exc:
                others[one.provider_id] = exc
        ours = [one.provider_id for one in alive if one.provider_id not in others]
        result = act(self._end, ours, lambda exc: exc.message)
        return BatchResult({**done, **result.done}, {**absent, **others, **result.failed})

    def _end(self, some: Sequence[str]) -> dict[str, Sighting]:
        try:
            told = self._api.post("/instance-operations/terminate", {"instance_ids": list(some)})
        except Unexplained as exc:
            # of one among them, and Lambda does not say of which: the others are asked for apart, and each is looked at again
            raise WrongState(exc.message) from exc
        ended = {one["id"] for one in told.get("terminated_instances") or []} if isinstance(told, dict) else set()
        return {one: Sighting(one, Observed.TERMINATING) for one in some if one in ended}

    def checks(self, scope: Scope) -> Sequence[Check]:
        return checks(self._api, lambda: self.identity(scope))


def from_settings(settings: Settings, deployment: str, account: str) -> LambdaProvider:
    """The provider for this process and one of our accounts; no call is made yet."""
    if address := settings.sandbox_of(NAME):
        sandbox = sandbox_at(address)
        return LambdaProvider(LambdaApi(lambda: f"{account}.{sandbox.secret}", sandbox.endpoint), deployment)

    def token() -> str:
        try:
            return token_of(settings.account_called(account, NAME), os.environ)
        except Refused as exc:
            raise Unauthenticated(f"{exc.message} in the settings of this worker ({exc.hint})") from exc

    return LambdaProvider(LambdaApi(token, url(os.environ)), deployment)
