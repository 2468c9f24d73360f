"""A connection that breaks in the middle of a request: nothing is done twice, and what nobody can know is said so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.integration.remote.conftest import Odd, ask, passed_on
from tests.integration.serving import Serving
from tests.world import World

Serve = Callable[[Callable[[int], bytes | None]], Odd]


def through(world: World, served: Serving, odd: Serve, hurt: Callable[[int, bytes], bytes | None]) -> Odd:
    """A way to the true server on which `hurt` makes something else of its n-th answer."""
    made: list[Odd] = []

    def says(n: int) -> bytes | None:
        return hurt(n, passed_on(served, made[0].heard[-1]))

    made.append(odd(says))
    assert world.place is not None
    made[0].place = replace(world.place, url=made[0].place.url)
    return made[0]


HURTS: dict[str, Callable[[int, bytes], bytes | None]] = {
    "the answer is lost": lambda n, whole: None if n == 1 else whole,
    "it breaks off": lambda n, whole: whole[: len(whole) // 2] if n == 1 else whole,
    "a proxy gives up": lambda n, whole: BAD_GATEWAY if n == 1 else whole,
}
BAD_GATEWAY = b"HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/html\r\nContent-Length: 5\r\n\r\n<html"


@pytest.mark.parametrize("how", HURTS)
def test_an_extend_whose_answer_is_lost_is_done_once(world: World, served: Serving, odd: Serve, how: str) -> None:
    world.create("web")
    cut = through(world, served, odd, lambda n, whole: HURTS[how](n - 1, whole) if n > 1 else whole)
    done = ask(cut.place, "extend", "web", "-d", "1h", "--no-wait")
    assert done.exit_code == 0, done.stderr
    assert world.row().generation == 2
    assert [event.kind for event in world.story()].count("extended") == 1
    keys = {line for one in cut.heard[1:] for line in one.lower().split(b"\r\n") if line.startswith(b"idempotency-key")}
    assert (len(cut.heard), len(keys)) == (3, 1), "looked, asked, and asked again under the same key"


@pytest.mark.parametrize("how", HURTS)
def test_a_create_whose_answer_is_lost_makes_one_machine(
    world: World, served: Serving, odd: Serve, how: str, key: str
) -> None:
    cut = through(world, served, odd, HURTS[how])
    done = ask(cut.place, "create", "--name", "web", "--public-key", key, "--no-wait")
    assert done.exit_code == 0, done.stderr
    assert done.stdout.startswith("web: launching")
    world.advance(30)
    assert len(world.machines()) == 1


def test_where_no_answer_ever_comes_it_is_said_that_it_may_be_stored(
    world: World, served: Serving, odd: Serve, key: str
) -> None:
    cut = through(world, served, odd, lambda *_: None)
    done = ask(cut.place, "create", "--name", "web", "--public-key", key, "--no-wait")
    assert (done.exit_code, done.stdout) == (1, "")
    assert "did not answer (it closed the connection): it may be stored, or not" in done.stderr
    assert "nothing was stored" not in done.stderr
    assert world.row().generation == 1, "it is, and once"


def test_where_nobody_listens_nothing_was_stored(world: World, served: Serving, odd: Serve, key: str) -> None:
    gone = odd(lambda _: None)
    gone.close()
    done = ask(gone.place, "create", "--name", "web", "--public-key", key, "--no-wait")
    assert done.exit_code == 1
    assert done.stderr == (
        f"im: {gone.place.url} does not answer: nobody listens there; nothing was stored. Next: im doctor  says more\n"
    )


def test_a_token_is_made_once_or_it_is_said_that_nobody_knows(world: World, served: Serving, odd: Serve) -> None:
    """Its secret is kept nowhere, so that there is no second answer: it is not asked for again."""
    cut = through(world, served, odd, lambda *_: None)
    done = ask(cut.place, "user", "add", "bob")
    assert "it may be stored, or not" in done.stderr
    assert len(cut.heard) == 1
