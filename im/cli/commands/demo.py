"""`im demo`: one instance lives its whole life by the commands a person types; the cloud itself is asked at each stage."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from im.cli.output.errors import note
from im.cli.output.terminal import takes_colour
from im.domain.errors import ImError, Unavailable
from im.views.exits import Exit

if TYPE_CHECKING:
    from im.cli.commands.demo_cloud import Cloud
    from im.stack.local import Running

NAME = "demo"
TRIES = ((NAME, 15), (f"{NAME}-slow", 90))
"""Seconds: long enough to be seen running, short enough to be waited for; and for a machine too busy to start one in that time."""
_TO_BE_SEEN = 3
"""Seconds that an instance must have left when it is up."""
_STAGES = 6


@click.command(short_help="Watch one instance live its whole life, in a minute.")
@click.option("--keep", is_flag=True, help="Leave the stack up at the end, to play with.")
def demo(keep: bool) -> None:
    """Start a private stack with a sandbox cloud, and watch one instance live: created, stopped by its deadline,
    extended and so woken, stopped by hand. Exit code 0 only when the cloud itself was seen in every stage.
    """
    from im.stack.local import LocalStack, require_parts

    require_parts()
    home = Path(tempfile.mkdtemp(prefix="im-demo-")).resolve()
    environ = _private(home, os.environ)
    stack = LocalStack(home, say=lambda text: note(f"  {text}"))
    kept = False
    try:
        with _ended_by_signals():
            _headline(1, "The stack: Postgres, Valkey, a sandbox cloud, worker, beat and Flower, all on this machine")
            running = stack.up("sandbox", environ)
            name = _live(home, environ)
            kept = keep
        _farewell(running, name if keep else None)
    except ImError as exc:
        raise type(exc)(f"the demo failed: {exc.message}", _where_logs(home, exc.hint)) from exc
    finally:
        if not kept:
            _clear_away(stack, home)


def _live(home: Path, environ: Mapping[str, str]) -> str:
    """A whole life; the name of who lived it."""
    from im.cli.commands.demo_cloud import Cloud

    key = home / "demo_key.pub"
    key.write_text(_generated_key())
    with contextlib.closing(Cloud.of(environ)) as cloud:
        name = _created(environ, key, cloud)
        _seen(cloud.seen(name, "running"))
        _type(environ, "list")
        _headline(3, "Nobody touches it; its deadline comes")
        with _countdown(cloud) as tell:
            how_late = cloud.stopped_by_deadline(name, tell)
        _seen(cloud.seen(name, "stopped") + f", {how_late:.1f} s after the deadline")
        _type(environ, "list")
        _headline(4, "Extended, and so woken")
        _type(environ, "extend", name, "-d", "30m", "--wait")
        _seen(cloud.seen(name, "running"))
        _headline(5, "Stopped by hand")
        _type(environ, "stop", name, "--wait")
        _seen(cloud.seen(name, "stopped"))
        _headline(6, "Its story")
        _type(environ, "history", name)
    return name


def _created(environ: Mapping[str, str], key: Path, cloud: Cloud) -> str:
    """The name of an instance that is up well before its deadline; where everything crawls, the first one may not be."""
    for name, seconds in TRIES:
        _headline(2, f"An instance for {seconds} seconds")
        words = ("--provider", "aws", "-d", f"{seconds}s", "--name", name, "--public-key", str(key), "--wait")
        status = _typed(environ, "create", *words)
        late = status == Exit.SUPERSEDED or (status == Exit.OK and cloud.seconds_left(name) < _TO_BE_SEEN)
        if not late:
            break
        click.echo("  This machine is busy: the deadline came before there was much to see. Once more, with more time.")
    _must_be_ok(status, "create")
    return name


def _private(home: Path, caller: Mapping[str, str]) -> dict[str, str]:
    """`caller`'s environment without anything that could lead to another stack, fleet or cloud."""
    left = {k: v for k, v in caller.items() if not k.startswith(("IM_", "AWS_", "BOTO_"))}
    config = home / "config.toml"
    config.write_text("")
    return {**left, "IM_HOME": str(home), "IM_CONFIG": str(config), "AWS_REGION": "us-east-1"}


def _generated_key() -> str:
    """A fresh public key. Its private half is thrown away: nobody can log in to a sandbox machine."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    public = Ed25519PrivateKey.generate().public_key()
    return public.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode() + " im demo\n"


def _type(environ: Mapping[str, str], *words: str) -> None:
    """Run an `im` command as it would be typed, on this very terminal. Raises Unavailable when it fails."""
    _must_be_ok(_typed(environ, *words), words[0])


def _typed(environ: Mapping[str, str], *words: str) -> int:
    """Its exit code."""
    import subprocess

    click.echo(click.style(f"$ im {' '.join(words)}", bold=True), color=takes_colour())
    sys.stdout.flush()
    return subprocess.run(
        [sys.executable, "-P", "-m", "im.cli.main", *words], env=dict(environ), check=False
    ).returncode


def _must_be_ok(status: int, verb: str) -> None:
    if status == Exit.INTERRUPTED:
        raise KeyboardInterrupt
    if status != Exit.OK:
        raise Unavailable(f"`im {verb}` ended with exit code {status}", "")


def _headline(number: int, text: str) -> None:
    click.echo(click.style(f"\n{number}/{_STAGES}  {text}", fg="cyan", bold=True), color=takes_colour())


def _seen(what: str) -> None:
    click.echo(click.style(f"✓ the cloud itself says: {what}", fg="green"), color=takes_colour())


@contextlib.contextmanager
def _countdown(cloud: Any) -> Iterator[Any]:
    """On a terminal the seconds run down in place; elsewhere each fifth is a line."""
    from im.cli.output.terminal import is_live

    if not is_live():
        said: set[str] = set()

        def in_lines(text: str, left: int) -> None:
            if left % 5 == 0 and text not in said:
                said.add(text)
                click.echo(f"  {text}", err=True)

        yield in_lines
        return
    from rich.console import Console
    from rich.text import Text

    with Console(stderr=True, no_color=not takes_colour()).status("") as status:
        yield lambda text, _left: status.update(Text(text))


@contextlib.contextmanager
def _ended_by_signals() -> Iterator[None]:
    """A closed terminal and a kill clear away as Ctrl-C does."""

    def leave(*_: object) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, leave) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _farewell(running: Running, kept: str | None) -> None:
    say = click.echo
    say(click.style("\nEvery stage was seen at the cloud itself.", fg="green", bold=True), color=takes_colour())
    if kept:
        home = running.home
        say(f"The stack stays up.  Flower: {running.named['flower_url']}")
        say(f"The page: http://127.0.0.1:{running.named['web_port']}  (im web link  signs you in)")
        say(f"Next: export IM_HOME={home}  ·  im list  ·  im extend {kept} -d 1h  ·  im doctor")
        say("When you have seen enough: im down --purge")
        return
    say("Next: im up -d          the same stack, to keep; it prints the addresses of the page and of Flower")
    say("      im web link       the page in your browser, signed in")
    say("      im create --public-key ~/.ssh/id_ed25519.pub -d 1h  ·  im list --watch  ·  im doctor")
    say("      im up --cloud aws  the same with your own AWS account")


def _where_logs(home: Path, hint: str) -> str:
    """The last words of each process, kept while everything else is cleared away."""
    logs = home / "stack" / "logs"
    if not logs.is_dir():
        return hint
    saved = Path(tempfile.mkdtemp(prefix="im-demo-logs-"))
    shutil.copytree(logs, saved, dirs_exist_ok=True)
    return f"{hint}; the logs are in {saved}".lstrip("; ")


def _clear_away(stack: Any, home: Path) -> None:
    # once is enough: a second Ctrl-C must not leave half a stack behind
    before = {n: signal.signal(n, signal.SIG_IGN) for n in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        note("  clearing away the stack")
        stack.purge()
        shutil.rmtree(home, ignore_errors=True)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
