"""How a failure is told: one line on stderr, `im: what. Next: what to type`, or one JSON object when JSON was asked for."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import suppress

import click

from im.cli.output.terminal import plain, takes_colour
from im.domain.errors import ImError, Unavailable, Uncertain, near
from im.views.exits import Exit, exit_of


def complain(message: str, hint: str, *, code: str, status: Exit, as_json: bool) -> None:
    """Say it once on stderr."""
    from im.secret import conceal  # most commands end well, and --help needs neither this nor JSON

    message, hint = plain(conceal(message)).strip().rstrip("."), plain(conceal(hint)).strip()
    if as_json:
        import json

        from im.views.error import error_json

        _beside(json.dumps(error_json(code, message, hint, int(status)), ensure_ascii=False))
        return
    line = f"{click.style('im:', fg='red', bold=True)} {message}"
    stop = "" if message.endswith("?") else "."
    if hint.endswith("?"):
        line += f"{stop} {hint[0].upper()}{hint[1:]}"
    elif hint:
        line += f"{stop} Next: {hint}"
    _beside(line)


def complain_of(error: ImError, *, as_json: bool, writing: bool = False) -> Exit:
    """`writing`: it was to be stored, and was not; where a service of ours is away, nobody could else know."""
    status = exit_of(error)
    unsaid = (
        writing
        and isinstance(error, Unavailable)
        and not isinstance(error, Uncertain)
        and "nothing was" not in error.message
    )
    message = f"{error.message.rstrip('.')}; nothing was stored" if unsaid else error.message
    complain(message, error.hint, code=error.code, status=status, as_json=as_json)
    return status


def complain_of_end(error: ImError, *, as_json: bool) -> Exit:
    """How a stored request ended, as far as was seen: a service that went away meanwhile does not undo it."""
    if isinstance(error, Unavailable):
        error = type(error)(f"{error.message.rstrip('.')}; what was asked for is stored and goes on", error.hint)
    return complain_of(error, as_json=as_json)


def complain_of_unforeseen(exc: BaseException, *, writing: bool, verbose: bool, as_json: bool) -> Exit:
    """Something that is no error of ours: a library's words stay inside, for nobody knows what they repeat."""
    if isinstance(exc, OSError) and exc.strerror:
        what = (
            f"{exc.filename or 'the answer'} cannot be {'used' if exc.filename else 'written'}: {exc.strerror.lower()}"
        )
        hint = "make room or mend that, then type it again"
    else:
        what, hint = (
            f"this is a fault in im itself, at {_place(exc)}",
            "again with --verbose for all of it, and report it",
        )
    if verbose:
        _beside(_whole(exc))
    ending = "; nothing was stored" if writing else ""
    complain(f"{what}{ending}", hint, code="failed", status=Exit.FAILURE, as_json=as_json)
    return Exit.FAILURE


def complain_of_telling(stored: str, exc: BaseException, *, verbose: bool, as_json: bool) -> Exit:
    """What was asked for is stored, and only its answer failed: typed again, it would be done twice, so this is no failure."""
    why = exc.strerror.lower() if isinstance(exc, OSError) and exc.strerror else ""
    if isinstance(exc, ImError):
        why = exc.message
    if verbose and not why:
        _beside(_whole(exc))
    told = f"the answer could not be told ({why or f'a fault in im itself, at {_place(exc)}'}), but {stored} is stored and goes on"
    complain(told, "im list", code="stored", status=Exit.OK, as_json=as_json)
    return Exit.OK


def _whole(exc: BaseException) -> str:
    """Its traceback, without what nobody may be shown."""
    import traceback  # as below: only a fault of our own needs it

    from im.secret import conceal

    return conceal("".join(traceback.format_exception(exc))).rstrip()


def _place(exc: BaseException) -> str:
    """The last line of ours that it passed."""
    import traceback

    frames = [frame for frame in traceback.extract_tb(exc.__traceback__) if "/im/" in frame.filename]
    if not frames:
        return "an unknown place"
    return f"im/{frames[-1].filename.rpartition('/im/')[2]}:{frames[-1].lineno}"


def complain_of_usage(error: click.ClickException, *, typed: str, as_json: bool) -> Exit:
    """Click's own complaints, in our words. `typed`: the command, which click does not tell of an option without its value."""
    message, hint = _usage(error, typed)
    complain(message, hint, code="refused", status=Exit.USAGE, as_json=as_json)
    return Exit.USAGE


def note(message: str) -> None:
    """Something worth knowing beside the answer: stderr, dim."""
    _beside(click.style(plain(message), dim=True))


def _beside(line: str) -> None:
    """On stderr. Where that takes nothing more there is nobody to tell, and what was asked for goes on all the same."""
    with suppress(OSError, ValueError):
        click.echo(line, err=True, color=takes_colour(sys.stderr))


def _usage(error: click.ClickException, typed: str) -> tuple[str, str]:
    context = error.ctx if isinstance(error, click.UsageError) else None
    command = context.command_path if context else typed
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
    known = [name for param in context.command.get_params(context) for name in (*param.opts, *param.secondary_opts)]
    return near(option, known, n=2)
