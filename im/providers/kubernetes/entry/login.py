"""How one gets into a pod: through the cluster's API, so that nothing is installed there and no address is needed.

By kubectl, where it is here, else by `im enter`, which takes the same words. A shell and a command need nothing of the image but
`/bin/sh`. What only ssh can do (forwarding, scp, editors) goes by ssh itself, with the same as its ProxyCommand and the image's own
sshd at the other end, started for each connection as whoever runs in the pod. A machine with a Service (`--expose`) is reached by
ssh at its address, as soon as it has one.
"""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Sequence

from im.domain.config.account import Account
from im.domain.instance import Instance
from im.providers.kubernetes.entry.sshd import ONCE
from im.providers.kubernetes.sightings import POD_NAME

CONTAINER = "main"
SHELL = "cd; exec $(command -v bash || echo /bin/sh) -l"
ALIVE = ("-o", "ServerAliveInterval=20", "-o", "StrictHostKeyChecking=accept-new")
"""What is silent is cut off by load balancers within a minute, and by the node after four hours (kubernetes#75488, #66661)."""


def line(row: Instance, args: Sequence[str], account: Account, im: Sequence[str]) -> list[str]:
    """The words to be run. `account`: as this machine knows it, for its context; else the current one is taken. `im`: how im
    itself is called here."""
    assert row.provider_id is not None
    if row.terms.ssh_host:
        return _ssh(row, "-p", str(row.terms.ssh_port or 22), host=row.terms.ssh_host) + list(args)
    if not args:
        return [*_exec(row, account, im, "-it"), "/bin/sh", "-c", SHELL]
    if not any(one.startswith("-") for one in args):
        return [*_exec(row, account, im, "-i"), "/bin/sh", "-lc", " ".join(args)]
    through = shlex.join([*_exec(row, account, im, "-i"), "/bin/sh", "-c", ONCE])
    # to ssh a percent sign stands before a letter of its own
    return _ssh(row, "-o", f"ProxyCommand={through.replace('%', '%%')}", host=row.provider_id) + list(args)


def _ssh(row: Instance, *how: str, host: str) -> list[str]:
    """Known by the machine's own name: an address is somebody else's tomorrow."""
    return ["ssh", *how, "-o", f"HostKeyAlias={row.provider_id}", *ALIVE, f"{row.spec.ssh_user}@{host}"]


def programs(words: Sequence[str]) -> tuple[str, ...]:
    """What has to be on this machine, beside im."""
    return ("ssh",) if words[0] == "ssh" else ()


def enter(words: Sequence[str]) -> int:
    """What `im enter kubernetes` does: the same as kubectl of these words."""
    from im.providers.kubernetes.entry import command

    return command.enter(words)


def _exec(row: Instance, account: Account, im: Sequence[str], how: str) -> list[str]:
    said = account.credentials
    whose = [word for key in ("kubeconfig", "context") if said.get(key) for word in (f"--{key}", said[key])]
    there = [*whose, "-n", row.scope.region]
    run = ["kubectl", *there, "exec"] if shutil.which("kubectl") else [*im, "enter", "kubernetes", *there]
    if pod := row.provider_notes.get(POD_NAME):
        return [*run, how, str(pod), "--"]
    return [*run, how, str(row.provider_id), "-c", CONTAINER, "--"]
