"""Command lines as a person types them, in this process and against the world of a test."""

from __future__ import annotations

import json
from typing import Any

from click.testing import CliRunner, Result

from im.cli.main import im
from im.cli.session import Session
from tests.world import World

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHUvTP2ZzNfVJzGwDgnBpGmGH1GSUSbY0yV9r9eoyv6z me\n"


def run(world: World, *words: str, typed: str | None = None) -> Result:
    """`im WORDS`, with `typed` at its prompts: by the services themselves, or over the API that stands before `world`."""
    session = Session(place=world.place) if world.place else Session(lambda: world.ctx)
    return CliRunner().invoke(im, list(words), obj=session, prog_name="im", input=typed)


def answer(world: World, *words: str) -> Any:
    """What `im WORDS --json` says to a program, which must go well."""
    result = run(world, *words, "--json")
    assert result.exit_code == 0, result.stderr
    assert result.stderr == ""
    return json.loads(result.stdout)
