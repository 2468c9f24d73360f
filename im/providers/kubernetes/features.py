"""What a cluster can do beyond the nine verbs: adoption and marks by label, and the one place that `any` means."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from im.domain import tags
from im.domain.adoption import Controller
from im.domain.scope import Scope
from im.domain.sighting import Sighting
from im.domain.spec.spec import Spec
from im.providers.contract import Slot
from im.providers.errors import InvalidSpec, ProviderError, Unsupported
from im.providers.kubernetes import labels
from im.providers.kubernetes.api import CLAIMS, METADATA, PODS, KubernetesApi, Shown
from im.providers.kubernetes.labels import selector, written
from im.providers.kubernetes.looking import Looking, named_well
from im.providers.kubernetes.profile import ANYWHERE
from im.providers.machine import Machine

_MADE_BY_SERVER = ("uid", "resourceVersion", "creationTimestamp", "managedFields", "generation", "selfLink")


class Adoption:
    def __init__(self, api: KubernetesApi, looking: Looking, deployment: str) -> None:
        self._api, self._looking, self._deployment = api, looking, deployment

    def controller(self, seen: Sighting) -> Controller | None:
        """Deployments, jobs and their like make a new pod for one that is gone."""
        if seen.operator:
            return Controller(f"the {seen.operator}", "makes a new pod for one that is stopped", "Scale it there")
        return None

    def take(self, scope: Scope, machine: Machine, slot: Slot, owner: str) -> None:
        """A claim with the one pod that mounts it: both are labelled, under the versions that were read, and what the pod is made
        of is kept in the claim, so that a start makes it again."""
        claim = self._api.get(scope.region, CLAIMS, machine.id)
        pod = self._looking.users(scope.region).get(machine.id)
        facts = {tags.DEPLOYMENT: self._deployment, tags.INSTANCE: slot.instance_id, tags.OWNER: owner}
        marks, notes = written(facts)
        marks |= {labels.MACHINE: machine.id, labels.ADOPTED: "yes"}
        if not named_well(machine.id):
            raise InvalidSpec(f"the claim {machine.id[:60]} has a name that no label holds")
        if labels.POD not in (claim["metadata"].get("annotations") or {}):
            if pod is None:
                raise Unsupported(f"no pod mounts the claim {machine.id}, and im would not know what to start")
            notes[labels.POD] = json.dumps(_again(pod, marks), separators=(",", ":"))
        if pod is not None:
            self._patch(scope.region, PODS, pod, marks, {})
        self._patch(scope.region, CLAIMS, claim, marks, notes)

    def _patch(self, namespace: str, what: str, one: Shown, marks: Mapping[str, str], notes: Mapping[str, str]) -> None:
        meta = one["metadata"]
        asked = {"labels": dict(marks), "annotations": dict(notes), "resourceVersion": meta["resourceVersion"]}
        self._api.patch(namespace, what, meta["name"], asked)


def _again(pod: Shown, marks: Mapping[str, str]) -> dict[str, object]:
    """What a pod was made of, without what the server has added."""
    meta = {key: value for key, value in pod["metadata"].items() if key not in _MADE_BY_SERVER}
    meta["labels"] = {**(meta.get("labels") or {}), **marks}
    for word in ("deletionTimestamp", "deletionGracePeriodSeconds", "namespace"):
        meta.pop(word, None)
    spec = {key: value for key, value in pod["spec"].items() if key != "nodeName"}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec}


class Marks:
    """A label on the claim; a claim without it is not even listed."""

    def __init__(self, api: KubernetesApi, deployment: str) -> None:
        self._api, self._deployment = api, deployment

    def put(self, scope: Scope, machine: Machine, value: str) -> None:
        self._api.patch(scope.region, CLAIMS, machine.id, {"labels": {labels.MARK: value}})

    def read(self, scope: Scope) -> Mapping[str, str]:
        wanted = f"{selector(deployment=self._deployment)},{labels.MARK}"
        found = self._api.all(scope.region, CLAIMS, wanted, accept=METADATA)
        return {str(one["metadata"]["name"]): str(one["metadata"]["labels"][labels.MARK]) for one in found}


class Spot:
    """No request stands behind a node that is lent: a pod whose node was taken back is gone, its claim is not, and a start makes
    another pod."""

    def release(self, scope: Scope, machines: Sequence[Machine]) -> Mapping[str, ProviderError]:
        return {}

    def successors(self, scope: Scope, machines: Sequence[Machine]) -> Mapping[str, str]:
        return {}


class Zones:
    def offering(self, scope: Scope, spec: Spec, types: Sequence[str]) -> Mapping[str, Sequence[str]]:
        """`any` zone is what the cluster's scheduler chooses of itself, with everything that it knows."""
        return {one: [ANYWHERE] for one in types}
