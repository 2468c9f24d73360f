"""Whoever shelves at Hetzner dies between any two of its calls: neither the snapshot nor the address is lost, or made twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from im.domain.state import OnExpiry
from im.providers.hetzner.api import HetznerApi
from im.providers.kit.http import Answer
from im.standins.hetzner.project import PrimaryIp, Project
from tests.worlds.hetzner import HetznerWorld, hetzner_world


@pytest.fixture
def world(database_url: str) -> Iterator[HetznerWorld]:
    with hetzner_world(database_url) as made:
        yield made


def project(world: HetznerWorld) -> Project:
    return world.hetzner.project("project")


def fours(world: HetznerWorld) -> list[PrimaryIp]:
    return [one for one in project(world).ips.values() if one.kind == "ipv4"]


class Killed(BaseException):
    """What kill -9 is to a process."""


@dataclass
class Calls:
    """Dies before or after the first of the changes asked of Hetzner that `here` takes, by its place and its words."""

    here: Callable[[int, str], bool]
    after: bool
    made: list[str] = field(default_factory=list)
    died: bool = False

    def arm(self, monkeypatch: pytest.MonkeyPatch) -> None:
        send = HetznerApi.send

        def dies(api: HetznerApi, method: str, path: str, body: Mapping[str, Any] | None = None) -> Answer:
            if "poweroff" in path or "ssh_keys" in path or "firewalls" in path:
                return send(api, method, path, body)
            self.made.append(f"{method} {path}")
            mine = not self.died and self.here(len(self.made) - 1, self.made[-1])
            self.died = self.died or mine
            if mine and not self.after:
                raise Killed
            answer = send(api, method, path, body)
            if mine:
                raise Killed
            return answer

        monkeypatch.setattr(HetznerApi, "send", dies)


def live(world: HetznerWorld, seconds: int) -> None:
    """Time passes; a process that dies is replaced by another one."""
    until = world.now.timestamp() + seconds
    while world.now.timestamp() < until:
        try:
            world.advance(until - world.now.timestamp())
        except Killed:
            continue


WAY = ("create_image", "PUT", "DELETE server", "POST", "PUT back", "DELETE image")


@pytest.mark.sampled(every=2)
@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("nth", range(len(WAY)))
def test_killed_between_any_two_calls_neither_is_lost_nor_made_twice(
    world: HetznerWorld, monkeypatch: pytest.MonkeyPatch, nth: int, after: bool
) -> None:
    world.create(seconds=60, on_expiry=OnExpiry.SHELVE)
    world.advance(50)
    ip, calls = world.row().public_ip, Calls(lambda at, _: at == nth, after)
    calls.arm(monkeypatch)
    live(world, 160)
    assert (world.word(), len(project(world).images)) == ("shelved (ttl)", 1)
    assert [(one.ip, one.server) for one in fours(world)] == [(ip, None)]
    world.extend("web", seconds=3600)
    live(world, 160)
    assert calls.died
    assert (world.word(), len(project(world).servers), project(world).images) == ("running", 1, {})
    assert [(one.ip, one.auto_delete) for one in fours(world)] == [(ip, True)]
    assert str(fours(world)[0].server) == world.row().provider_id


@pytest.mark.parametrize("after", [False, True])
def test_killed_there_and_called_off_the_address_goes_with_its_machine_again(
    world: HetznerWorld, monkeypatch: pytest.MonkeyPatch, after: bool
) -> None:
    calls = Calls(lambda _, made: made.startswith("PUT /primary_ips"), after)
    calls.arm(monkeypatch)
    world.create(seconds=60, on_expiry=OnExpiry.SHELVE)
    while not calls.died:
        live(world, 1)
    world.terminate("web")
    live(world, 200)
    assert (world.word().partition(" ")[0], project(world).servers, project(world).ips) == ("terminated", {}, {})
