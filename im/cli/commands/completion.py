"""`im completion`: the script a shell reads once; what it asks on Tab is answered by click."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from im.cli.main import im


@click.command(short_help="Tab completion for bash, zsh and fish.")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the script that teaches the shell im's commands, options and names.

    \b
    bash   eval "$(im completion bash)"  in ~/.bashrc
    zsh    eval "$(im completion zsh)"  in ~/.zshrc, after compinit
    fish   im completion fish > ~/.config/fish/completions/im.fish
    """
    found = get_completion_class(shell)
    assert found is not None
    asked = found(im, {}, "im", "_IM_COMPLETE")
    # not asked.source(): for bash that first runs a bash to see its version, and grumbles when there is none
    click.echo(asked.source_template % asked.source_vars())
