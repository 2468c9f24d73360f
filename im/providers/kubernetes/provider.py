"""Kubernetes behind the contract: which calls each verb makes.

A machine is a claim, which stays, and at most one pod of the same name. The claim comes first and goes first: what dies between two
calls leaves a claim without a pod, which is a machine that is stopped, and from the first call of an end on nobody can start it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import TYPE_CHECKING, Any

from im.domain import tags
from im.domain.config.account import Account
from im.domain.config.sandbox import sandbox_at
from im.domain.scope import Scope
from im.domain.sighting import Sighting
from im.domain.spec.spec import Spec
from im.domain.state import Observed
from im.providers import errors
from im.providers.contract import EVERYTHING, BatchResult, Check, Filter, Slot, Snapshot
from im.providers.errors import NotFound, ProviderError, WrongState
from im.providers.kit.each import HANDS, each
from im.providers.kit.http import JsonApi
from im.providers.kubernetes import labels, manifests, options
from im.providers.kubernetes.access.link import link_of
from im.providers.kubernetes.api import CLAIMS, PODS, SECRETS, SERVICES, KubernetesApi, Link, Shown
from im.providers.kubernetes.billing import DEFAULT_GB, USUAL_CLASS
from im.providers.kubernetes.checks import checks
from im.providers.kubernetes.deadline_guard import AnnotationGuard
from im.providers.kubernetes.errors import CLOUD, AlreadyThere, translate
from im.providers.kubernetes.features import Adoption, Marks, Spot, Zones
from im.providers.kubernetes.labels import selector
from im.providers.kubernetes.looking import MOST, Looking, named_well
from im.providers.kubernetes.nodes import placing
from im.providers.kubernetes.pending import GROWING, PATIENCE, Patience
from im.providers.kubernetes.profile import PROFILE
from im.providers.kubernetes.shapes import shape_of
from im.providers.kubernetes.sightings import manifest_of, state_of
from im.providers.kubernetes.states import StateLooks
from im.providers.machine import Machine

if TYPE_CHECKING:
    from im.settings import Settings

NAME = PROFILE.name
_OURS = (labels.DEPLOYMENT, labels.LAUNCH)


class KubernetesProvider:
    """One cluster as one somebody, for one deployment."""

    leftovers = None
    prices = None
    protection = None
    shelving = None

    def __init__(self, api: KubernetesApi, deployment: str, account: Callable[[], Account]) -> None:
        self.capabilities = PROFILE.capabilities
        self._api, self._deployment, self._account = api, deployment, account
        self._looking = Looking(api, deployment, self._patience)
        self.adoption = Adoption(api, self._looking, deployment)
        self.deadline_guard = AnnotationGuard(api, self._looking)
        self.marks = Marks(api, deployment)
        self.spot = Spot()
        self.states = StateLooks(api, self._looking, deployment)
        self.zones = Zones()

    def _patience(self) -> Patience:
        return GROWING if options.of_account(self._account().credentials).grows else PATIENCE

    def identity(self, scope: Scope, *, afresh: bool = False) -> str:
        """The namespace's own id, which it loses when it is deleted and made again."""
        return f"namespace {self._looking.identity(scope.region, afresh=afresh)}"

    # ---- launching ---------------------------------------------------------------------------------------------------

    def launch(self, scope: Scope, spec: Spec, *, token: str, slots: Sequence[Slot]) -> list[Sighting]:
        """A claim and a pod for each slot, some at the same time. What was refused is left out, unless all were."""
        told = options.of(self._account().credentials, spec.provider_options)
        where = placing(self._api, shape_of(spec.instance_type), told, spot=spec.spot is not None)

        def one(at: int) -> Sighting | ProviderError:
            pod = manifests.pod(spec, self._deployment, token, slots[at], told, where)
            try:
                return self._make(scope.region, spec, token, slots[at], at, pod)
            except ProviderError as exc:
                return exc

        with ThreadPoolExecutor(min(HANDS, len(slots))) as hands:
            came = list(hands.map(one, range(len(slots))))
        made = [seen for seen in came if isinstance(seen, Sighting)]
        refused = [exc for exc in came if isinstance(exc, ProviderError)]
        unclear = next((exc for exc in refused if isinstance(exc, errors.Ambiguous)), None)
        if refused and (unclear is not None or not made):
            raise unclear or refused[0]
        return made

    def _make(self, namespace: str, spec: Spec, token: str, slot: Slot, at: int, pod: Mapping[str, Any]) -> Sighting:
        usual = self._account().credentials.get("storage_class", "")
        asked = manifests.claim(spec, self._deployment, token, slot, at, usual, pod)
        claim = self._made_once(namespace, CLAIMS, asked)
        try:
            if spec.user_data is not None:
                self._made_once(namespace, SECRETS, manifests.secret(spec, slot, token, claim))
            if "expose" in spec.provider_options:
                service = manifests.service(spec, self._deployment, token, slot, claim)
                self._made_once(namespace, SERVICES, service)
            self._made_once(namespace, PODS, manifests.born_of(pod, "launch"))
        except errors.Transient:
            raise
        except ProviderError as exc:
            self._take_back(namespace, claim, exc)
            raise
        facts = {**spec.tags, tags.DEPLOYMENT: self._deployment, tags.LAUNCH: token, tags.OWNER: spec.owner}
        disk = spec.disks[0]
        return Sighting(
            provider_id=asked["metadata"]["name"],
            state=Observed.PENDING,
            zone=spec.zone,
            tags={**facts, tags.INSTANCE: slot.instance_id, tags.NAME: slot.name},
            launch_index=at,
            instance_type=spec.instance_type,
            image=spec.image,
            disk_gb=disk.size_gb or DEFAULT_GB,
            disk_type=disk.kind or usual or USUAL_CLASS,
        )

    def _made_once(self, namespace: str, what: str, asked: Mapping[str, Any]) -> dict[str, Any]:
        """What an earlier call of the same launch has made is taken as it is. Raises WrongState where that is on its way out."""
        try:
            return self._api.create(namespace, what, asked)
        except AlreadyThere as exc:
            if what in (SECRETS, SERVICES):
                return dict(asked)
            there = self._api.get(namespace, what, asked["metadata"]["name"])
            said, wanted = there["metadata"].get("labels") or {}, asked["metadata"]["labels"]
            if any(said.get(key) != wanted[key] for key in _OURS):
                raise errors.InvalidSpec(f"{CLOUD}: something of somebody else's has that name: {exc.message}") from exc
            if there["metadata"].get("deletionTimestamp"):
                raise
            return there

    def _take_back(self, namespace: str, claim: Mapping[str, Any], refused: ProviderError) -> None:
        """The pod was definitely refused: a claim left alone would be a machine that nobody waits for."""
        meta = claim["metadata"]
        try:
            self._api.delete(namespace, CLAIMS, meta["name"], meta["uid"])
        except ProviderError as exc:
            raise errors.Ambiguous(f"{refused.message}; and its claim {meta['name']} is still there") from exc

    def label(self, scope: Scope, slots: Mapping[Machine, Slot]) -> None:
        """Nothing to do: each machine has its name, and its id in that, from the first."""

    # ---- looking -----------------------------------------------------------------------------------------------------

    def describe(self, scope: Scope, machines: Sequence[Machine]) -> dict[str, Sighting]:
        return self._looking.describe(scope, machines)

    def list(self, scope: Scope, which: Filter = EVERYTHING) -> Iterator[Snapshot]:
        return self._looking.pages(scope, which)

    # ---- changing ----------------------------------------------------------------------------------------------------

    def start(self, scope: Scope, machines: Sequence[Machine]) -> BatchResult:
        """The pod is made again of the manifest that its claim carries; one that is over gives its name back first."""

        def some(ids: Sequence[str]) -> BatchResult:
            claims, pods, now = self._looking.of(scope.region, ids, ours=True)
            return each([Machine(one) for one in ids], lambda one: self._start(scope.region, one, claims, pods, now))

        return self._in_parts(scope, machines, some)

    def _start(
        self, namespace: str, machine: Machine, claims: Mapping[str, Shown], pods: Mapping[str, Shown], now: datetime
    ) -> Sighting:
        if machine.id not in claims:
            raise NotFound(f"{CLOUD} has no claim {machine.id[:60]} of this deployment")
        claim, pod = claims[machine.id], pods.get(machine.id)
        state = state_of(claim, pod)
        if state in (Observed.RUNNING, Observed.PENDING):
            return Sighting(machine.id, state)
        if state is not Observed.STOPPED:
            raise WrongState(f"{CLOUD}: {machine.id} is {state}")
        manifest = manifest_of(claim)
        if manifest is None:
            raise errors.Unsupported(f"the claim {machine.id} does not say what pod to make")
        if pod is not None:
            self._api.delete(namespace, PODS, pod["metadata"]["name"], pod["metadata"]["uid"])
        stop_at = str((claim["metadata"].get("annotations") or {}).get(labels.STOP_AT, ""))
        coming = stop_at if stop_at.isdigit() and int(stop_at) > now.timestamp() else ""
        try:
            self._api.create(namespace, PODS, manifests.born_of(manifest, "start", coming))
        except AlreadyThere as exc:
            there = self._api.get(namespace, PODS, manifest["metadata"]["name"])["metadata"]
            mine = (there.get("labels") or {}).get(labels.MACHINE) == machine.id
            if there.get("deletionTimestamp") or not mine:
                raise WrongState(exc.message) from exc
        return Sighting(machine.id, Observed.PENDING)

    def stop(self, scope: Scope, machines: Sequence[Machine], *, hibernate: Collection[str] = ()) -> BatchResult:
        """The pod goes, and what it held is free; the claim stays with the disk."""

        def some(ids: Sequence[str]) -> BatchResult:
            claims, pods, _ = self._looking.of(scope.region, ids, ours=True)
            there = [one for one in ids if one in claims]
            if any(one in pods for one in there):
                self._api.delete_all(scope.region, PODS, selector(deployment=self._deployment, machine=there))
            going = {one: state_of(claims[one], pods.get(one)) for one in there}
            done = {
                one: Sighting(one, now if now in (Observed.STOPPED, Observed.TERMINATING) else Observed.STOPPING)
                for one, now in going.items()
            }
            return BatchResult(done, _absent(ids, claims))

        return self._in_parts(scope, machines, some)

    def terminate(self, scope: Scope, machines: Sequence[Machine]) -> BatchResult:
        """The claim first: it waits for its pod to be gone, and goes by itself then. Secrets go with their claim."""

        def some(ids: Sequence[str]) -> BatchResult:
            claims, pods, _ = self._looking.of(scope.region, ids, ours=True)
            there = [one for one in ids if one in claims]
            if there:
                self._api.delete_all(scope.region, CLAIMS, selector(deployment=self._deployment, machine=there))
            if going := [one for one in ids if one in pods]:
                self._api.delete_all(scope.region, PODS, selector(deployment=self._deployment, machine=going))
            return BatchResult({one: Sighting(one, Observed.TERMINATING) for one in there}, _absent(ids, claims))

        return self._in_parts(scope, machines, some)

    def _in_parts(
        self, scope: Scope, machines: Sequence[Machine], change: Callable[[Sequence[str]], BatchResult]
    ) -> BatchResult:
        """So many machines at a time as one call may name. Once the cluster is ill, the rest is not tried."""
        ids = list(dict.fromkeys(one.id for one in machines))
        good = [one for one in ids if named_well(one)]
        done: dict[str, Sighting] = {}
        failed: dict[str, ProviderError] = {
            one: NotFound(f"{CLOUD} has no claim {one[:60]}") for one in ids if not named_well(one)
        }
        for at in range(0, len(good), MOST):
            part = good[at : at + MOST]
            try:
                result = change(part)
            except ProviderError as exc:
                failed |= dict.fromkeys(part, exc)
                rest = good[at + MOST :]
                failed |= {one: errors.Unavailable(f"not tried yet: {exc.message}") for one in rest}
                break
            done |= result.done
            failed |= result.failed
        return BatchResult(done, self._if_proven(scope.region, failed))

    def _if_proven(self, namespace: str, failed: dict[str, ProviderError]) -> dict[str, ProviderError]:
        """Nothing is absent from a namespace that is not there."""
        if any(isinstance(exc, NotFound) for exc in failed.values()):
            try:
                self._looking.check(namespace)
            except ProviderError as exc:
                return {one: exc if isinstance(why, NotFound) else why for one, why in failed.items()}
        return failed

    def checks(self, scope: Scope) -> Sequence[Check]:
        return checks(self._api, scope, self._account())


def _absent(ids: Sequence[str], claims: Mapping[str, Shown]) -> dict[str, ProviderError]:
    return {one: NotFound(f"{CLOUD} has no claim {one[:60]} of this deployment") for one in ids if one not in claims}


def from_settings(settings: Settings, deployment: str, account: str) -> KubernetesProvider:
    """The provider for this process and one of our accounts; no call is made yet."""

    def known() -> Account:
        return settings.account_called(account, NAME)

    if url := settings.sandbox_of(NAME):
        sandbox = sandbox_at(url)
        return connected(sandbox.endpoint, f"{account}.{sandbox.secret}", deployment)
    return KubernetesProvider(KubernetesApi(link_of(known, os.environ)), deployment, known)


def connected(url: str, token: str, deployment: str, account: Account | None = None) -> KubernetesProvider:
    """A cluster at an address that takes a token, as a stand-in does."""
    json = JsonApi(url, lambda: {"Authorization": f"Bearer {token}"}, translate, CLOUD)
    return KubernetesProvider(
        KubernetesApi(Link(lambda: json)), deployment, lambda: account or Account("default", NAME)
    )
