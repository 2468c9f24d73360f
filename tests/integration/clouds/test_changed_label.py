"""A machine's facts travel in one name or label, and somebody edits it: nobody's machine, which is told, billed, and left alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from im.domain import tags
from im.domain.state import Observed
from im.providers.kit.marked_name import marked
from im.providers.kit.one_name import NameCodec
from im.services import queries
from tests.integration.clouds.places import CLOUDS
from tests.integration.refresh.lost import SWEEP, listed
from tests.integration.typed import answer, run
from tests.standin.server import StandIn
from tests.standin_world import Near
from tests.world import World

_OVER = (Observed.STOPPED, Observed.TERMINATED, Observed.TERMINATING)
STRANGER = "99999999-0000-4000-8000-000000000000"


@dataclass(frozen=True, slots=True)
class Place:
    """How a stand-in keeps its machines, and what was asked of one."""

    machines: Callable[[Any], Mapping[Any, Any]]
    word: str
    """The attribute that carries the facts."""
    state: str
    edited: str = "precious"
    """What makes a machine nobody's."""


_THEIRS = marked("web", "im-zzzzzz", STRANGER, "0" * 12)
_PLACES: Mapping[str, Place] = {
    "crusoe": Place(lambda world: world.project.machines, "name", "state"),
    "lambda": Place(lambda world: world.team.instances, "name", "status"),
    # its variables say whose it is, unless its name speaks of somebody else
    "runpod": Place(lambda world: world.account.pods, "name", "status", _THEIRS),
    "vast": Place(lambda world: world.renter.instances, "label", "actual"),
}


class Edited:
    """A world whose machines can be labelled anew at their cloud."""

    def __init__(self, cloud: str, world: Any) -> None:
        self.cloud, self.world, self.place = cloud, world, _PLACES[cloud]
        if cloud == "lambda":
            world.team.refuses_tags = True  # then the name is all that there is

    def at(self, machine: str | None) -> Any:
        return next(one for number, one in self.place.machines(self.world).items() if str(number) == machine)

    def label(self, name: str = "web") -> str:
        return str(getattr(self.at(self.world.row(name).provider_id), self.place.word))

    def write(self, label: str) -> None:
        """On the machine of `web`."""
        setattr(self.at(self.world.row().provider_id), self.place.word, label)

    def states(self) -> list[str]:
        return [str(getattr(one, self.place.state)) for one in self.place.machines(self.world).values()]


@pytest.fixture(params=["vast", "runpod", *(pytest.param(one, marks=pytest.mark.long) for one in ("crusoe", "lambda"))])
def edited(request: pytest.FixtureRequest, database_url: str, ec2: StandIn, clients: Near) -> Iterator[Edited]:
    with CLOUDS[request.param].world(database_url, ec2, clients) as world:
        yield Edited(request.param, world)


def started(edited: Edited, *names: str, seconds: float = 400) -> None:
    for name in names:
        edited.world.create(name, seconds=seconds)
    edited.world.advance(100, tick=50)
    assert {edited.world.word(name) for name in names} == {"running"}


def test_it_is_an_orphan_that_is_billed_and_left_alone_until_its_label_is_back(edited: Edited) -> None:
    world: World = edited.world
    started(edited, "web")
    own, before = edited.label(), edited.states()
    spent = float(answer(world, "cost")["total"]["exact"]["usd_compute"])
    edited.write(edited.place.edited)
    world.advance(SWEEP, tick=50)
    (orphan,) = listed(world)
    assert (orphan.provider_id, orphan.seen.tags["im:owner"]) == (world.row().provider_id, "ada")
    assert orphan.because == "its label was changed at the cloud, and web leaves it alone until that is put back"
    assert world.word() == "running, label changed"
    assert "its label was changed at the cloud" in run(world, "why", "web").stdout
    assert "no label any more" in run(world, "list").stderr
    refused = run(world, "orphans", "terminate", orphan.provider_id, "-y", "--no-wait")
    assert (refused.exit_code, "is already managed as web" in refused.stderr) == (2, True)
    world.advance(300, tick=50)
    assert (edited.states(), world.word()) == (before, "running, label changed, past deadline")
    told = run(world, "why", "web").stdout.replace("\n", " ")
    assert "its label was changed at the cloud, outside im" in told
    assert "its deadline passed at" in told
    assert world.row().closed_at is None
    assert world.kinds("web").count("label changed") == 1, "told once"
    assert float(answer(world, "cost")["total"]["exact"]["usd_compute"]) > spent
    edited.write(own)
    world.advance(60, tick=10)
    assert world.row().observed in _OVER
    world.advance(SWEEP, tick=50)
    assert (listed(world), "label back" in world.kinds("web")) == ([], True)


def test_what_vanishes_meanwhile_is_gone(edited: Edited) -> None:
    world: World = edited.world
    started(edited, "web", seconds=9000)
    edited.write(edited.place.edited)
    world.advance(SWEEP, tick=50)
    machines: Any = edited.place.machines(world)
    machines.clear()
    world.advance(80, tick=50)
    assert (world.row().observed, listed(world)) == (Observed.MISSING, [])


def test_the_label_of_another_row_takes_nothing_from_either(edited: Edited) -> None:
    """Three machines say the same: two keep their rows and their deadlines, and the third, which nobody made, is listed."""
    world: World = edited.world
    started(edited, "web", "other")
    rows = {name: world.row(name).provider_id for name in ("web", "other")}
    edited.write(edited.label("other"))
    copy = CLOUDS[edited.cloud].foreign(world)
    setattr(edited.at(copy), edited.place.word, edited.label("other"))
    world.advance(SWEEP, tick=50)
    assert {name: world.row(name).provider_id for name in rows} == rows
    # RunPod's variables, which nobody can edit, say something else than a name that was copied
    disputed = edited.cloud == "runpod"
    assert [one.provider_id for one in listed(world)] == [rows["web"] if disputed else copy]
    world.advance(300, tick=50)
    found = {row.name: row.observed for row in queries.listing(world.ctx, everything=True).rows}
    assert [name for name, state in found.items() if state not in _OVER] == (["web"] if disputed else [])
    assert str(getattr(edited.at(copy), edited.place.state)).lower() in ("running", "active")


@pytest.mark.parametrize("edited", ["vast", pytest.param("crusoe", marks=pytest.mark.long)], indirect=True)
def test_what_another_deployment_has_taken_over_is_theirs(edited: Edited) -> None:
    world: World = edited.world
    started(edited, "web")
    before = edited.states()
    facts = {tags.NAME: "web", tags.OWNER: "eve", tags.INSTANCE: "im-zzzzzz", tags.LAUNCH: "0" * 12}
    edited.write(NameCodec().written({**facts, tags.DEPLOYMENT: STRANGER}))
    world.advance(500, tick=50)
    assert "another deployment of im has taken it over" in run(world, "why", "web").stdout
    assert (world.row().closed_at is not None, edited.states(), listed(world)) == (True, before, [])
