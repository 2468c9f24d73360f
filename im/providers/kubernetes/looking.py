"""Looking at machines: claims first and pods second, for a machine that is launched in between must not show as stopped."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from threading import Lock
from typing import Any

from im.domain.scope import Scope
from im.domain.sighting import Sighting
from im.providers.contract import EVERYTHING, Filter, Snapshot
from im.providers.errors import NotFound, ProviderError, Unavailable
from im.providers.kubernetes import labels
from im.providers.kubernetes.addresses import Addresses
from im.providers.kubernetes.api import CLAIMS, PODS, KubernetesApi, Shown
from im.providers.kubernetes.events import Event, events_of
from im.providers.kubernetes.labels import selector
from im.providers.kubernetes.pending import PATIENCE, Patience, waits_long
from im.providers.kubernetes.sightings import claims_of, sighting
from im.providers.machine import Machine

MOST = 100
"""Machines in one selector: a server deletes what it selects one after another, 70 to 200 a second."""


_ASKED = 20
"""Machines whose events are read in one look: a call each."""


class Looking:
    """Of one account and deployment."""

    def __init__(
        self, api: KubernetesApi, deployment: str, patience: Callable[[], Patience] = lambda: PATIENCE
    ) -> None:
        self._api, self._deployment, self._patience = api, deployment, patience
        self._lock = Lock()
        self._uids: dict[str, str] = {}
        self._addresses = Addresses(api)

    # ---- the namespace ----

    def identity(self, namespace: str, *, afresh: bool = False) -> str:
        with self._lock:
            known = self._uids.get(namespace)
        if known is None or afresh:
            known, _ = self._api.namespace(namespace)
            with self._lock:
                self._uids[namespace] = known
        return known

    def check(self, namespace: str) -> datetime | None:
        """The cluster's clock. Lists of a namespace that is not there are empty and well, so that an absence counts only where
        it is the very one that we know. Raises ProviderError."""
        try:
            uid, answer = self._api.namespace(namespace)
        except NotFound as exc:
            raise Unavailable(f"the namespace {namespace} is not there, and proves nothing") from exc
        with self._lock:
            known = self._uids.setdefault(namespace, uid)
        if known != uid:
            raise Unavailable(f"the namespace {namespace} is another one than before: it was deleted and made again")
        return answer.date

    # ---- many ----

    def pages(self, scope: Scope, which: Filter = EVERYTHING) -> Iterator[Snapshot]:
        """Ours, by label."""
        date = self.check(scope.region)
        wanted = {"deployment": self._deployment} | ({"launch": which.token} if which.token else {})
        claims: list[list[dict[str, Any]]] = []
        whole = True
        try:
            for page, _ in self._api.pages(scope.region, CLAIMS, selector(**wanted)):
                claims.append(page)
        except ProviderError:
            if not claims:
                raise
            whole = False
        pods = by_machine(self._api.all(scope.region, PODS, selector(**wanted)))
        now = date or datetime.now(UTC)
        known = {_machine(one): one for page in claims for one in page}
        reached = self._addresses.of(scope.region, known, pods, selector(**wanted))
        for page in claims:
            roots = {_machine(one): one for one in page if _is_root(one)}
            asked = {name: pods.get(name) for name, one in roots.items() if name in pods or is_on_spot(one)}
            told = self._told(scope.region, asked, now)
            seen = [
                sighting(one, pods.get(name), now, self._patience(), reached.get(name), told.get(name, ()))
                for name, one in roots.items()
            ]
            yield Snapshot(True, tuple(one for one in seen if which.zone in ("", one.zone)), date)
        if not whole:
            yield Snapshot(False, ())

    # ---- some ----

    def describe(self, scope: Scope, machines: Sequence[Machine]) -> dict[str, Sighting]:
        wanted = list(dict.fromkeys(one.id for one in machines if named_well(one.id)))
        found: dict[str, Sighting] = {}
        for at in range(0, len(wanted), MOST):
            some = wanted[at : at + MOST]
            claims, pods, now = self.of(scope.region, some)
            reached = self._addresses.of(scope.region, claims, pods, selector(machine=some))
            told = self._told(scope.region, {name: pods.get(name) for name in claims}, now)
            found |= {
                name: sighting(one, pods.get(name), now, self._patience(), reached.get(name), told.get(name, ()))
                for name, one in claims.items()
            }
        missing = [one for one in wanted if one not in found]
        if missing:
            now = self.check(scope.region) or datetime.now(UTC)
            found |= self._foreign(scope.region, missing, now)
        return found

    def of(
        self, namespace: str, ids: Sequence[str], *, ours: bool = False
    ) -> tuple[dict[str, Shown], dict[str, Shown], datetime]:
        """(claims, pods, the cluster's clock) of machines, by their ids; `ours`: of this deployment alone."""
        wanted: dict[str, Any] = {"machine": ids} | ({"deployment": self._deployment} if ours else {})
        claims: dict[str, Shown] = {}
        now = datetime.now(UTC)
        for page, answer in self._api.pages(namespace, CLAIMS, selector(**wanted)):
            claims |= {_machine(one): one for one in page if _is_root(one)}
            now = answer.date or now
        return claims, by_machine(self._api.all(namespace, PODS, selector(**wanted))), now

    def _told(self, namespace: str, pods: Mapping[str, Shown | None], now: datetime) -> dict[str, tuple[Event, ...]]:
        """Machine → its events, of the first few of those whose pod is not there, or has not run for longer than usual."""
        wanted = [name for name, pod in pods.items() if pod is None or waits_long(pod, now)]
        return {name: events_of(self._api, namespace, name) for name in wanted[:_ASKED]}

    def _foreign(self, namespace: str, names: Sequence[str], now: datetime) -> dict[str, Sighting]:
        """Claims that carry none of our labels, and whatever mounts them."""
        found = {}
        for name in names:
            try:
                found[name] = self._api.get(namespace, CLAIMS, name)
            except NotFound:
                continue
        mine = {name: one for name, one in found.items() if labels.MACHINE not in (one["metadata"].get("labels") or {})}
        users = self.users(namespace) if mine else {}
        return {name: sighting(one, users.get(name), now, self._patience()) for name, one in mine.items()}

    def users(self, namespace: str) -> dict[str, Shown]:
        """Claim → the pod that mounts it first, of all that there are."""
        found: dict[str, Shown] = {}
        for one in self._api.all(namespace, PODS):
            for name in claims_of(one)[:1]:
                found[name] = one
        return found


def is_on_spot(claim: Shown) -> bool:
    """Is its pod made for nodes that may be taken back?"""
    return f'"{labels.SPOT}"' in str((claim["metadata"].get("annotations") or {}).get(labels.POD, ""))


def by_machine(pods: Sequence[Shown]) -> dict[str, Shown]:
    """One for each; the one that is alive, where an old one is still being ended."""
    found: dict[str, Shown] = {}
    for one in sorted(pods, key=lambda one: str(one["metadata"].get("creationTimestamp"))):
        found[_machine(one)] = one
    return found


def _machine(one: Shown) -> str:
    return str((one["metadata"].get("labels") or {}).get(labels.MACHINE) or one["metadata"]["name"])


def _is_root(one: Shown) -> bool:
    """The claim that the machine is named for, and no other of its disks."""
    return _machine(one) == str(one["metadata"]["name"])


def named_well(name: str) -> bool:
    return 0 < len(name) <= 63 and name.replace("-", "").replace(".", "").isalnum() and name == name.lower()
