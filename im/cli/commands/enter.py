"""`im enter`: what a line of `im ssh` runs where a cloud's own tool is not installed. For ssh and for `im ssh`, not for people."""

from __future__ import annotations

import click

from im.domain.errors import Refused


@click.command(
    short_help="What im ssh runs where a cloud's own tool is missing.",
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
)
@click.argument("cloud", metavar="CLOUD")
@click.argument("words", metavar="WORDS", nargs=-1, type=click.UNPROCESSED)
def enter(cloud: str, words: tuple[str, ...]) -> int:
    """Run something in a machine through its cloud's API; the words are those of that cloud's own tool."""
    from im.providers import registry

    way = registry.login(cloud)
    if way is None:
        raise Refused(f"machines of {cloud[:40]} are entered by ssh to their address", "im ssh NAME")
    code: int = way.enter(words)
    return code
