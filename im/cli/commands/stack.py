"""`im up` and `im down`: the whole thing on this machine."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from im.cli.output.confirm import confirmed
from im.cli.output.errors import note
from im.cli.output.terminal import takes_colour
from im.cli.session import Session, pass_session
from im.domain.config.sandbox import sandbox_at, sandboxes
from im.domain.errors import Refused
from im.providers import registry

if TYPE_CHECKING:
    from im.stack.local import Running


@click.command()
@click.option("-d", "--detach", is_flag=True, help="Return when everything answers; it runs on.")
@click.option(
    "--cloud",
    type=click.Choice(["sandbox", *registry.names()]),
    help="Pretended clouds on this machine (sandbox, the default), or your own accounts, that one's unless others are named.",
)
@click.option("-y", "--yes", is_flag=True, help="Do not ask before a real cloud is used.")
@pass_session
def up(session: Session, detach: bool, cloud: str | None, yes: bool) -> None:
    """Start the whole thing on this machine."""
    from im.stack.local import LocalStack
    from im.stack.mergedlog import MergedLog

    home = session.settings.home
    stack = LocalStack(home)
    found = stack.running()
    if found is not None and cloud in (None, found.cloud):
        click.echo("The stack is already up.\n" + _addresses(found))
        return
    if found is not None:
        raise Refused(f"the stack is already up with --cloud {found.cloud}", f"im down, then im up --cloud {cloud}")
    cloud = cloud or "sandbox"
    _warn(cloud)
    if cloud != "sandbox":
        _ask_for_real_cloud(cloud, yes)
    if detach:
        stack = LocalStack(home, say=lambda text: note(f"{text} …"))
        click.echo("The stack is up.\n" + _addresses(stack.up(cloud)))
        return
    names = (
        "postgres",
        "valkey",
        *(("sandbox", "clouds") if cloud == "sandbox" else ()),
        "worker",
        "deadlines",
        "beat",
        "flower",
        "web",
    )
    log = MergedLog(stack.layout.logs, names, colour=takes_colour())
    _attend(LocalStack(home, say=log.say, tick=log.pump), log, cloud)


@click.command()
@click.option("--purge", is_flag=True, help="Remove the data too: database, sandbox machines, logs.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@pass_session
def down(session: Session, purge: bool, yes: bool) -> None:
    """Stop what `im up` started; the data stays."""
    from im.stack.local import LocalStack

    stack = LocalStack(session.settings.home, say=note)
    if not purge:
        stopped = stack.down()
        click.echo(
            f"Stopped. The data stays in {stack.layout.root}; `im up` goes on from there, `im down --purge` removes it."
            if stopped
            else f"Nothing is up in {stack.layout.home}."
        )
        return
    if not stack.layout.root.is_dir():
        click.echo(f"There is nothing to remove in {stack.layout.home}.")
        return
    if not yes:
        _confirm(f"Remove {stack.layout.root} for good: database, sandbox machines, logs?", "im down --purge -y")
    stack.purge()
    click.echo(f"Stopped and removed {stack.layout.root}.")


def _attend(stack: Any, log: Any, cloud: str) -> None:
    """Show the merged log until Ctrl-C, SIGTERM or a closed terminal; then stop everything."""

    def leave(*_: Any) -> None:
        raise KeyboardInterrupt

    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, leave)
    try:
        found = stack.up(cloud)
        for line in ["the stack is up; Ctrl-C stops it, the data stays", *_addresses(found).splitlines()]:
            log.say(line)
        while stack.running() is not None:
            for _ in range(10):
                log.pump()
                time.sleep(0.2)
        log.pump()
        log.say("the stack was stopped from elsewhere")
    except KeyboardInterrupt:
        # once is enough: a second Ctrl-C must not leave half a stack behind
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        log.say("stopping …")
        stack.down()
        log.pump()
        log.say(f"stopped; the data stays in {stack.layout.root}")


def _addresses(found: Running) -> str:
    lines = [
        f"  cloud     {_clouds(found)}",
        f"  page      {_page(found)}   (im web link  signs you in)",
        f"  Flower    {found.named['flower_url']}",
        f"  files     {found.home}",
    ]
    down_ = [p.name for p in found.processes if p.state not in ("RUNNING", "STARTING")]
    if down_:
        lines.append(f"  not well  {', '.join(down_)}: see {Path(found.home) / 'stack' / 'logs'}")
    return "\n".join([*lines, "Next: im create --public-key ~/.ssh/id_ed25519.pub -d 1h   ·   im list   ·   im down"])


def _page(found: Running) -> str:
    return os.environ.get("IM_WEB_URL") or f"http://127.0.0.1:{found.named['web_port']}"


def _clouds(found: Running) -> str:
    if found.cloud != "sandbox":
        return f"{found.cloud}: machines cost real money"
    pretended = sandboxes(found.named["sandbox_url"], registry.USUAL)
    each = (f"\n{'':<12}{name:<14}{sandbox_at(url).endpoint}" for name, url in pretended.items())
    return "a sandbox: its machines do not exist, and cost nothing" + "".join(each)


def _warn(cloud: str) -> None:
    elsewhere = [name for name in ("IM_DATABASE_URL", "IM_BROKER_URL") if os.environ.get(name)]
    if elsewhere:
        note(f"{' and '.join(elsewhere)} is set: `im` commands in this shell go there, not to the stack started here")
    for name in registry.names() if cloud == "sandbox" else ():
        if who := registry.own_credentials(name, os.environ).who:
            note(f"{who} is not used: this is a sandbox. `im up --cloud {name}` uses it")


def _ask_for_real_cloud(cloud: str, yes: bool) -> None:
    own = registry.own_credentials(cloud, os.environ)
    if not own.who:
        told = f"no credentials of {cloud} are to be seen here"
        raise Refused(told, f"{own.missing}; or `im up` for the sandbox")
    if install := registry.lacking(cloud):
        raise Refused(f"{cloud} needs a package that is not here", install)
    if not yes:
        _confirm(f"Use {own.who} at {own.where}? Machines there cost real money.", f"im up --cloud {cloud} -y")


def _confirm(question: str, again: str) -> None:
    unattended = Refused(f"{question.rstrip('?').split('?')[0]}: nobody is here to be asked", again)
    if not confirmed(question, unattended):
        click.echo("Nothing was done.", err=True)
        sys.exit(1)
