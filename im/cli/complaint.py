"""How a failure is told: one line on stderr, `im: what. Next: what to type`, or one JSON object when JSON was asked for."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence

import click

from im.cli.exits import Exit, exit_of
from im.cli.terminal import plain, takes_colour
from im.domain.errors import ImError


def complain(message: str, hint: str, *, code: str, status: Exit, as_json: bool) -> None:
    """Say it once on stderr."""
    message, hint = plain(message).strip().rstrip("."), plain(hint).strip()
    if as_json:
        told = {"error": {"code": code, "message": message, "hint": hint, "exit": int(status)}}
        click.echo(json.dumps(told, ensure_ascii=False), err=True)
        return
    line = f"{click.style('im:', fg='red', bold=True)} {message}"
    stop = "" if message.endswith("?") else "."
    if hint.endswith("?"):
        line += f"{stop} {hint[0].upper()}{hint[1:]}"
    elif hint:
        line += f"{stop} Next: {hint}"
    click.echo(line, err=True, color=takes_colour(sys.stderr))


def complain_of(error: ImError, *, as_json: bool) -> Exit:
    status = exit_of(error)
    complain(error.message, error.hint, code=error.code, status=status, as_json=as_json)
    return status


def complain_of_usage(error: click.ClickException, *, as_json: bool) -> Exit:
    """Click's own complaints, in our words."""
    message, hint = _usage(error)
    complain(message, hint, code="refused", status=Exit.USAGE, as_json=as_json)
    return Exit.USAGE


def note(message: str) -> None:
    """Something worth knowing beside the answer: stderr, dim."""
    click.echo(click.style(plain(message), dim=True), err=True, color=takes_colour(sys.stderr))


def _usage(error: click.ClickException) -> tuple[str, str]:
    context = error.ctx if isinstance(error, click.UsageError) else None
    command = context.command_path if context else "im"
    hint = f"{command} --help"
    if isinstance(error, click.NoSuchOption):
        near = error.possibilities or _resembling(error.option_name, context)
        return f"{command} has no option {error.option_name}", f"did you mean {' or '.join(near)}?" if near else hint
    if isinstance(error, click.MissingParameter) and error.param is not None:
        return f"{command} needs {error.param.human_readable_name.upper()}", hint
    message = error.format_message()
    return message[:1].lower() + message[1:], hint


def _resembling(option: str, context: click.Context | None) -> Sequence[str]:
    if context is None:
        return ()
    from difflib import get_close_matches

    known = [name for param in context.command.get_params(context) for name in (*param.opts, *param.secondary_opts)]
    return get_close_matches(option, known, n=2)
