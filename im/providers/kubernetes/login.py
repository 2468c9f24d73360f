"""How one gets into a pod: by kubectl, through the cluster's API, so that nothing is installed there and no address is needed.

A shell and a command need nothing of the image but `/bin/sh`. What only ssh can do (forwarding, scp, editors) goes by ssh itself,
with kubectl as its ProxyCommand and the image's own sshd at the other end, started for each connection as whoever runs in the pod.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from im.domain.config.account import Account
from im.domain.instance import Instance

CONTAINER = "main"
SHELL = "cd; exec $(command -v bash || echo /bin/sh) -l"
SSHD = """\
d="$HOME/.im/sshd"; mkdir -p "$d"
s=$(command -v sshd || ls /usr/sbin/sshd /usr/sbin/sshd.pam 2>/dev/null | head -n 1)
if [ -z "$s" ]; then echo "im: this image has no sshd; im ssh NAME, without arguments for ssh, needs none" >&2; exit 127; fi
[ -f "$d/key" ] || ssh-keygen -q -t ed25519 -N "" -f "$d/key"
exec "$s" -i -e -o HostKey="$d/key" -o AuthorizedKeysFile="$HOME/.ssh/authorized_keys" -o StrictModes=no -o UsePAM=no"""
"""Its host key lies with the disk, so that it stays the same; who may log in, the pod was told by its annotation."""
ALIVE = ("-o", "ServerAliveInterval=20", "-o", "StrictHostKeyChecking=accept-new")
"""What is silent is cut off by load balancers within a minute, and by the node after four hours (kubernetes#75488, #66661)."""


def line(row: Instance, args: Sequence[str], account: Account) -> list[str]:
    """The words to be run. `account`: as this machine knows it, for its context; else kubectl's own current one is taken."""
    assert row.provider_id is not None
    if not args:
        return [*_exec(row, account, "-it"), "/bin/sh", "-c", SHELL]
    if not any(one.startswith("-") for one in args):
        return [*_exec(row, account, "-i"), "/bin/sh", "-lc", " ".join(args)]
    through = shlex.join([*_exec(row, account, "-i"), "/bin/sh", "-c", SSHD])
    # to ssh a percent sign stands before a letter of its own
    proxy = f"ProxyCommand={through.replace('%', '%%')}"
    return [
        "ssh",
        "-o",
        proxy,
        "-o",
        f"HostKeyAlias={row.provider_id}",
        *ALIVE,
        f"{row.spec.ssh_user}@{row.provider_id}",
        *args,
    ]


def programs(words: Sequence[str]) -> tuple[str, ...]:
    """What has to be on this machine."""
    return ("kubectl",) if words[0] == "kubectl" else ("ssh", "kubectl")


def _exec(row: Instance, account: Account, how: str) -> list[str]:
    said = account.credentials
    whose = [word for key in ("kubeconfig", "context") if said.get(key) for word in (f"--{key}", said[key])]
    return ["kubectl", *whose, "-n", row.scope.region, "exec", how, str(row.provider_id), "-c", CONTAINER, "--"]
