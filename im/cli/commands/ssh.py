"""`im ssh`: hands over to the system's own ssh; we add the address and the user."""

from __future__ import annotations

import ipaddress
import os
import shlex
import shutil
import sys

import click

from im.cli.options.selection import complete_names
from im.cli.session import Session, pass_session
from im.domain.config.account import Account
from im.domain.errors import Refused
from im.domain.explain.phase import phase
from im.domain.instance import Instance
from im.domain.selection import check_word
from im.domain.state import GONE, Observed


@click.command(short_help="Log in, or print the ssh line.", context_settings={"ignore_unknown_options": False})
@click.argument("name", metavar="[NAME|ID]", required=False, shell_complete=complete_names)
@click.argument("args", nargs=-1, metavar="[-- SSH_ARGS...]", type=click.UNPROCESSED)
@click.option("--instance-id", metavar="NAME|ID", help="The same as naming it.")
@click.option("--print", "only_print", is_flag=True, help="Print the line instead of running it.")
@pass_session
def ssh(session: Session, name: str | None, args: tuple[str, ...], instance_id: str | None, only_print: bool) -> None:
    """Log in to an instance; what follows `--` goes to ssh.

    \b
    im ssh web-1
    im ssh web-1 -- -L 8080:localhost:80 uptime

    A machine in a Kubernetes cluster is entered through the cluster's API: by kubectl, or by im itself where that is not installed.
    """
    if instance_id is not None and name is not None:
        args = (name, *args)
    word = instance_id or name
    if word is None:
        raise Refused("which instance?", "im ssh NAME; im list  shows the names")
    seen = session.backend.looks.resolve([check_word(word)], sight=False)
    row = seen.rows[0]
    _check_running(row, phase(row, seen.now).word)
    line, needed = _line(session, row, args)
    if only_print:
        click.echo(shlex.join(line))
        return
    if session.backend.sandbox:
        raise Refused(f"{row.name} is a sandbox machine: nobody answers there", f"im ssh {row.name} --print")
    for program in needed:
        if shutil.which(program) is None:
            raise Refused(f"there is no {program} on this machine", _INSTALL[program])
    session.close()
    os.execvp(line[0], line)  # noqa: S606 - the point: it takes this process over, terminal, signals, exit code and all


_INSTALL = {"ssh": "install an OpenSSH client"}


def _line(session: Session, row: Instance, args: tuple[str, ...]) -> tuple[list[str], tuple[str, ...]]:
    """What is run, and the programs that it needs."""
    from im.providers import registry

    way = registry.login(row.scope.provider)
    if way is None:
        user = f"{row.spec.ssh_user}@" if row.spec.ssh_user else ""
        port = ["-p", str(row.terms.ssh_port)] if row.terms.ssh_port else []
        return ["ssh", *port, f"{user}{row.terms.ssh_host or _address(row)}", *args], ("ssh",)
    line: list[str] = way.line(row, args, _account(session, row), _this())
    return line, way.programs(line)


def _this() -> list[str]:
    """How this very program is called: by its name, where that leads to it."""
    found = shutil.which("im")
    if found is not None and os.path.realpath(found) == os.path.realpath(sys.argv[0]):
        return ["im"]
    return [sys.executable, "-P", "-m", "im.cli.main"]


def _account(session: Session, row: Instance) -> Account:
    """As this machine knows it; over the API it may know nothing of it."""
    try:
        return session.settings.account_called(row.scope.account, row.scope.provider)
    except Refused:
        return Account(row.scope.account, row.scope.provider)


def _check_running(row: Instance, word: str) -> None:
    if row.observed is not Observed.RUNNING:
        wake = row.observed not in GONE and row.closed_at is None
        raise Refused(
            f"{row.name} is {word}; there is nothing to log in to",
            f"im extend {row.name} -d 1h  wakes it"
            if wake and row.observed is Observed.STOPPED
            else f"im status {row.name}",
        )


def _address(row: Instance) -> str:
    address = row.public_ip or row.private_ip
    if address is None:
        raise Refused(f"{row.name} is running but has no address yet", f"im status {row.name}")
    # an address ends up on a command line: it has to be one
    return str(ipaddress.ip_address(address))
