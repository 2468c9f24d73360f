"""Looking at a namespace: what one look costs, what it proves, and what it says where a server says less."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from im.domain.state import Observed
from im.providers.contract import Slot, merge_pages
from im.providers.errors import Throttled, Unavailable
from im.providers.machine import Machine
from im.standins.books import Fault
from im.standins.kubernetes import scheduler
from im.standins.limits import Bucket
from tests.machines import machines
from tests.providers.kubernetes.room import LOST, NAMESPACE, KubernetesRoom


def seen(room: KubernetesRoom) -> dict[str, Observed]:
    (page,) = room.provider.states.list(room.scope)
    assert page.complete
    assert page.date is not None
    return dict(page.seen)


def test_a_look_at_all_is_three_calls_and_tells_every_state(kubernetes: KubernetesRoom) -> None:
    ids = kubernetes.running(4)
    going, over, ended, well = ids
    kubernetes.cluster.bad_images.add("debian:0")
    kubernetes.wish(image="debian:0")
    ill = kubernetes.launch()[0].provider_id
    kubernetes.provider.stop(kubernetes.scope, machines([going]))
    scheduler.end(kubernetes.cluster, kubernetes.pod(over), 1)
    kubernetes.provider.terminate(kubernetes.scope, machines([ended]))
    kubernetes.cloud.books.entries.clear()
    told = seen(kubernetes)
    assert [one.path.rpartition("/")[2] for one in kubernetes.cloud.books.entries] == [
        *("default", "persistentvolumeclaims", "pods", "pods"),
    ], "the last, since one has no pod that lives"
    assert told == {
        going: Observed.STOPPING,
        over: Observed.STOPPED,
        ended: Observed.TERMINATING,
        ill: Observed.PENDING,
        well: Observed.RUNNING,
    }
    assert told == kubernetes.states([*ids, ill])


def test_what_was_taken_in_is_seen_by_its_own_pod(kubernetes: KubernetesRoom) -> None:
    machine = kubernetes.foreign()
    kubernetes.settle()
    kubernetes.provider.adoption.take(kubernetes.scope, Machine(machine), Slot("im-7", "seven"), "eve")
    assert seen(kubernetes) == {machine: Observed.RUNNING}
    kubernetes.provider.stop(kubernetes.scope, machines([machine]))
    kubernetes.settle()
    assert seen(kubernetes) == {machine: Observed.STOPPED}


def test_a_server_that_makes_no_tables_is_looked_at_in_full(
    kubernetes: KubernetesRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    (one,) = kubernetes.running()
    monkeypatch.setattr("im.providers.kubernetes.states.TABLE", "application/json")
    assert seen(kubernetes) == {one: Observed.RUNNING}


def test_more_than_a_page_is_seen_whole(kubernetes: KubernetesRoom, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("im.providers.kubernetes.states.PAGE", 2)
    monkeypatch.setattr("im.providers.kubernetes.api.PAGE", 2)
    ids = kubernetes.running(5)
    assert set(seen(kubernetes)) == set(ids)
    assert {one.provider_id for one in merge_pages(kubernetes.provider.list(kubernetes.scope)).sightings} == set(ids)


def test_a_list_that_is_too_old_to_go_on_proves_presence_alone(
    kubernetes: KubernetesRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("im.providers.kubernetes.api.PAGE", 2)
    kubernetes.running(5)
    api = kubernetes.provider._api  # type: ignore[attr-defined]
    pages = api.pages

    def aging(namespace: str, what: str, *more: object, **said: object) -> Iterator[object]:
        for page in pages(namespace, what, *more, **said):
            yield page
            if what == "persistentvolumeclaims":
                kubernetes.cluster.forgotten = kubernetes.cluster.version + 1

    def all_of(namespace: str, what: str, *more: object, **said: object) -> list[object]:
        kubernetes.cluster.forgotten = 0
        return [one for page, _ in pages(namespace, what, *more, **said) for one in page]

    monkeypatch.setattr(api, "pages", aging)
    monkeypatch.setattr(api, "all", all_of)
    first, last = kubernetes.provider.list(kubernetes.scope)
    assert (first.complete, len(first.sightings)) == (True, 2)
    assert (last.complete, last.sightings) == (False, ())


def test_a_cluster_that_is_asked_too_often_says_when_to_come_again(kubernetes: KubernetesRoom) -> None:
    kubernetes.cluster.bucket = Bucket.full(1, 0.1, kubernetes.clock.now)
    kubernetes.provider.identity(kubernetes.scope)
    with pytest.raises(Throttled) as told:
        kubernetes.provider.identity(kubernetes.scope, afresh=True)
    assert told.value.retry_after is not None
    assert told.value.retry_after.total_seconds() == 1


def test_no_absence_is_told_of_a_namespace_that_is_not_the_one_that_was(kubernetes: KubernetesRoom) -> None:
    (one,) = kubernetes.running()
    seen(kubernetes)
    kubernetes.cluster.objects.pop(("persistentvolumeclaims", NAMESPACE, one))
    kubernetes.cluster.objects.pop(("pods", NAMESPACE, one))
    assert kubernetes.states([one]) == {}
    kubernetes.cluster.objects["namespaces", "", NAMESPACE]["metadata"]["uid"] = "another"
    for look in (
        lambda: seen(kubernetes),
        lambda: kubernetes.states([one]),
        lambda: list(kubernetes.provider.list(kubernetes.scope)),
    ):
        with pytest.raises(Unavailable, match="another one than before"):
            look()
    failed = kubernetes.provider.stop(kubernetes.scope, machines([one])).failed[one]
    assert isinstance(failed, Unavailable)


def test_an_end_whose_answer_is_lost_is_no_refusal_and_may_be_asked_for_again(kubernetes: KubernetesRoom) -> None:
    (one,) = kubernetes.running()
    kubernetes.cloud.books.plan(Fault("DELETE", "/persistentvolumeclaims", 504, LOST, after=True))
    assert kubernetes.provider.terminate(kubernetes.scope, machines([one])).failed[one].code == "ambiguous"
    assert set(kubernetes.provider.terminate(kubernetes.scope, machines([one])).done) == {one}
    kubernetes.settle()
    assert kubernetes.states([one]) == {}
