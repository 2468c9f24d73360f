"""The cheapest look at a namespace: rows of two tables without their objects, 132 bytes a machine, where objects have 4.6 KB.

Claims first and pods second, and the namespace's own id before, without which an empty list proves nothing. Only two words of a pod
decide by themselves; of any other the machine is still on its way, and a description says why.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from im.domain.scope import Scope
from im.domain.state import Observed
from im.providers.contract import Filter
from im.providers.features import States
from im.providers.kubernetes import labels
from im.providers.kubernetes.api import CLAIMS, METADATA, PAGE, PODS, KubernetesApi, place
from im.providers.kubernetes.labels import selector
from im.providers.kubernetes.looking import Looking

TABLE = "application/json;as=Table;g=meta.k8s.io;v=v1,application/json"
ALIVE = "status.phase!=Failed,status.phase!=Succeeded"
_WORDS = {"Running": Observed.RUNNING, "Terminating": Observed.STOPPING}


class StateLooks:
    def __init__(self, api: KubernetesApi, looking: Looking, deployment: str) -> None:
        self._api, self._looking, self._deployment = api, looking, deployment

    def list(self, scope: Scope, *, zone: str = "") -> Iterator[States]:
        """Of ours alone. Of one zone, or where a server makes no tables: by the full listing."""
        if not zone:
            date = self._looking.check(scope.region)
            claims = self._rows(scope.region, CLAIMS)
            pods = self._rows(scope.region, PODS, fieldSelector=ALIVE) if claims is not None else None
            if claims is not None and pods is not None:
                yield States(True, self._states(scope.region, claims, pods), date)
                return
        for page in self._looking.pages(scope, Filter(zone=zone)):
            yield States(page.complete, {one.provider_id: one.state for one in page.sightings}, page.date)

    def _states(self, namespace: str, claims: dict[str, str], pods: dict[str, str]) -> dict[str, Observed]:
        if set(claims) - set(pods):
            pods = {**pods, **self._named_otherwise(namespace, pods)}
        found = {}
        for name, word in claims.items():
            pod = pods.get(name)
            alive = Observed.STOPPED if pod is None else _WORDS.get(pod, Observed.PENDING)
            found[name] = Observed.TERMINATING if word == "Terminating" else alive
        return found

    def _named_otherwise(self, namespace: str, pods: dict[str, str]) -> dict[str, str]:
        """Claim → the word of its pod, of what was taken in: such a pod has a name of its own, and no row says whose it is."""
        wanted = f"{selector(deployment=self._deployment)},{labels.ADOPTED}"
        shown = self._api.all(namespace, PODS, wanted, accept=METADATA)
        named = {str(one["metadata"]["labels"][labels.MACHINE]): str(one["metadata"]["name"]) for one in shown}
        return {machine: pods[pod] for machine, pod in named.items() if pod in pods}

    def _rows(self, namespace: str, what: str, **more: str) -> dict[str, str] | None:
        """Name → the word under Status; None where the answer is no table that we can read."""
        found: dict[str, str] = {}
        after = ""
        while True:
            query = {"labelSelector": selector(deployment=self._deployment), "includeObject": "None", "limit": PAGE}
            asked: dict[str, Any] = {**query, **more, **({"continue": after} if after else {})}
            answer = self._api.ask("GET", place(namespace, what), query=asked, headers={"Accept": TABLE})
            body = answer.body if isinstance(answer.body, dict) else {}
            try:
                columns = [str(one["name"]) for one in body["columnDefinitions"]]
                name, status = columns.index("Name"), columns.index("Status")
                found |= {str(row["cells"][name]): str(row["cells"][status]) for row in body["rows"] or []}
                after = str(body["metadata"].get("continue") or "")
            except (KeyError, TypeError, ValueError, IndexError, AttributeError):
                return None
            if not after:
                return found
