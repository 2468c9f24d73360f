"""`im ssh`: hands over to the system's own ssh; we add the address and the user."""

from __future__ import annotations

import ipaddress
import os
import shlex
import shutil

import click

from im.cli.options.selection import complete_names
from im.cli.session import Session, pass_session
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
    """
    if instance_id is not None and name is not None:
        args = (name, *args)
    word = instance_id or name
    if word is None:
        raise Refused("which instance?", "im ssh NAME; im list  shows the names")
    seen = session.backend.looks.resolve([check_word(word)], sight=False)
    row = seen.rows[0]
    user = f"{row.spec.ssh_user}@" if row.spec.ssh_user else ""
    line = ["ssh", f"{user}{_address(row, phase(row, seen.now).word)}", *args]
    if only_print:
        click.echo(shlex.join(line))
        return
    if session.backend.sandbox:
        raise Refused(f"{row.name} is a sandbox machine: nobody answers there", f"im ssh {row.name} --print")
    if shutil.which("ssh") is None:
        raise Refused("there is no ssh on this machine", "install an OpenSSH client")
    session.close()
    os.execvp("ssh", line)  # noqa: S606 - the point: ssh takes this process over, terminal, signals, exit code and all


def _address(row: Instance, word: str) -> str:
    if row.observed is not Observed.RUNNING:
        wake = row.observed not in GONE and row.closed_at is None
        raise Refused(
            f"{row.name} is {word}; there is nothing to log in to",
            f"im extend {row.name} -d 1h  wakes it"
            if wake and row.observed is Observed.STOPPED
            else f"im status {row.name}",
        )
    address = row.public_ip or row.private_ip
    if address is None:
        raise Refused(f"{row.name} is running but has no address yet", f"im status {row.name}")
    # an address ends up on a command line: it has to be one
    return str(ipaddress.ip_address(address))
