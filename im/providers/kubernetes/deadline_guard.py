"""A deadline that the pod keeps by itself: its first process reads the moment from an annotation, and ends when it has come.

A pod's own activeDeadlineSeconds can only be lowered, so that no extend could move it; an annotation moves both ways, and reaches
the running pod as a file within a minute or so (downward API). It works though all of im is gone. It does not where the node is
lost, or for a pod that somebody else has made; and it stops, and never deletes: what ends a machine for good is im alone.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from im.domain.scope import Scope
from im.providers.errors import NotFound, ProviderError, Unsupported
from im.providers.features import Guarded
from im.providers.kubernetes import labels
from im.providers.kubernetes.api import CLAIMS, PODS, KubernetesApi, Shown
from im.providers.kubernetes.errors import CLOUD
from im.providers.kubernetes.looking import MOST, Looking, named_well
from im.providers.machine import Machine


class AnnotationGuard:
    def __init__(self, api: KubernetesApi, looking: Looking) -> None:
        self._api, self._looking = api, looking

    def set(self, scope: Scope, guards: Mapping[Machine, Guarded]) -> Mapping[str, ProviderError]:
        wanted = {one.id: wish for one, wish in guards.items() if named_well(one.id)}
        failed: dict[str, ProviderError] = {one.id: _absent(one.id) for one in guards if one.id not in wanted}
        ids = list(wanted)
        for at in range(0, len(ids), MOST):
            claims, pods, _ = self._looking.of(scope.region, ids[at : at + MOST], ours=True)
            for one in ids[at : at + MOST]:
                try:
                    self._set(scope.region, one, claims.get(one), pods.get(one), wanted[one])
                except ProviderError as exc:
                    failed[one] = exc
        return failed

    def _set(self, namespace: str, machine: str, claim: Shown | None, pod: Shown | None, wish: Guarded) -> None:
        """On the claim as well, of which a start makes the next pod."""
        if claim is None:
            raise _absent(machine)
        if labels.ADOPTED in (claim["metadata"].get("labels") or {}) and wish.at is not None:
            raise Unsupported(f"the pod of {machine} was made by somebody else, and does not read when it is to end")
        moment = None if wish.at is None else str(math.ceil(wish.at.timestamp()))
        asked = {"annotations": {labels.STOP_AT: moment}}
        self._api.patch(namespace, CLAIMS, machine, asked)
        if pod is not None:
            try:
                self._api.patch(namespace, PODS, pod["metadata"]["name"], asked)
            except NotFound:
                return


def _absent(machine: str) -> NotFound:
    return NotFound(f"{CLOUD} has no claim {machine[:60]} of this deployment")
