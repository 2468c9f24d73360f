"""The API of one cluster: seven kinds of things in one namespace at a time (https://kubernetes.io/docs/reference/kubernetes-api/)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from im.providers import errors as e
from im.providers.kit.http import Answer, JsonApi
from im.providers.kubernetes.errors import CLOUD

PODS, CLAIMS, SECRETS, SERVICES = "pods", "persistentvolumeclaims", "secrets", "services"
EVENTS, QUOTAS, NODES, CLASSES = "events", "resourcequotas", "nodes", "storageclasses"
Shown = Mapping[str, Any]
"""An object as the API shows it."""
PAGE = 500
"""Things on one page; whole pages of one list belong to one moment."""
METADATA = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json"


@dataclass(frozen=True, slots=True)
class Link:
    """A way to the cluster that can be used now. `forget` is called when it was not let in: it is made anew once."""

    json: Callable[[], JsonApi]
    forget: Callable[[], None] = lambda: None


class KubernetesApi:
    """Calls of one account."""

    def __init__(self, link: Link) -> None:
        self._link = link

    # ---- one thing ----

    def get(self, namespace: str, what: str, name: str) -> dict[str, Any]:
        return _object(self.ask("GET", f"{place(namespace, what)}/{name}"))

    def namespace(self, name: str) -> tuple[str, Answer]:
        """The uid of a namespace, which it loses when it is made again. Raises InvalidSpec where there is none."""
        answer = self.ask("GET", f"/api/v1/namespaces/{name}")
        return str(_object(answer)["metadata"]["uid"]), answer

    def create(self, namespace: str, what: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """An unknown field is refused, which otherwise would be dropped in silence."""
        return _object(self.ask("POST", f"{place(namespace, what)}?fieldValidation=Strict", body))

    def patch(self, namespace: str, what: str, name: str, metadata: Mapping[str, Any]) -> dict[str, Any]:
        """Labels and annotations, merged; conditional where `metadata` has the resourceVersion that was read."""
        merge = {"Content-Type": "application/merge-patch+json"}
        return _object(self.ask("PATCH", f"{place(namespace, what)}/{name}", {"metadata": metadata}, headers=merge))

    def delete(self, namespace: str, what: str, name: str, uid: str) -> None:
        """That very one; gone already is done. Raises WrongState for a namesake."""
        try:
            self.ask("DELETE", f"{place(namespace, what)}/{name}", {"preconditions": {"uid": uid}})
        except e.NotFound:
            return

    # ---- many ----

    def delete_all(self, namespace: str, what: str, selector: str) -> None:
        if not selector:
            raise e.InvalidSpec("without a selector a whole namespace would be deleted")
        self.ask("DELETE", place(namespace, what), query={"labelSelector": selector})

    def pages(
        self, namespace: str, what: str, selector: str = "", *, accept: str = "", fields: str = ""
    ) -> Iterator[tuple[list[dict[str, Any]], Answer]]:
        """A consistent list, page by page: it proves presence and absence, as long as the namespace is there."""
        after = ""
        while True:
            query = {"limit": PAGE, "labelSelector": selector, "fieldSelector": fields, "continue": after}
            answer = self.ask(
                "GET",
                place(namespace, what),
                query={key: value for key, value in query.items() if value},
                headers={"Accept": accept} if accept else None,
            )
            body = _object(answer)
            try:
                yield list(body["items"]), answer
                after = str(body["metadata"].get("continue") or "")
            except (KeyError, TypeError, AttributeError) as exc:
                raise e.Unavailable(f"{CLOUD} sent a page that cannot be read: {exc} is missing or new to us") from exc
            if not after:
                return

    def all(
        self, namespace: str, what: str, selector: str = "", *, accept: str = "", fields: str = ""
    ) -> list[dict[str, Any]]:
        return [one for page, _ in self.pages(namespace, what, selector, accept=accept, fields=fields) for one in page]

    # ---- any ----

    def ask(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Once more, with credentials that were fetched anew, where they were refused: definitely not done."""
        try:
            return self._once(method, path, body, query, headers)
        except e.Unauthenticated:
            self._link.forget()
            return self._once(method, path, body, query, headers)

    def _once(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None,
        query: Mapping[str, Any] | None,
        headers: Mapping[str, str] | None,
    ) -> Answer:
        json = self._link.json()
        if method == "GET":
            return json.get(path, query, headers=headers)
        return json.send(method, path, body, query=query, headers=headers)


def place(namespace: str, what: str) -> str:
    """Where things of one kind are; those of the whole cluster are in the namespace of no name."""
    if what == CLASSES:
        return f"/apis/storage.k8s.io/v1/{what}"
    return f"/api/v1/namespaces/{namespace}/{what}" if namespace else f"/api/v1/{what}"


def _object(answer: Answer) -> dict[str, Any]:
    if not isinstance(answer.body, dict):
        raise e.Unavailable(f"{CLOUD} sent something that cannot be read")
    return answer.body
