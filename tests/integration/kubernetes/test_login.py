"""`im ssh` into a pod: what is run, and that it does what it says, with somebody else's kubectl in between."""

from __future__ import annotations

import os
import shlex
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from im.domain.config.account import Account
from im.providers.kubernetes.login import SSHD
from tests.integration.typed import run
from tests.kubernetes_world import KubernetesWorld

KUBECTL = """\
#!/bin/sh
echo "$@" >> "$ASKED"
while [ "$1" != "--" ]; do shift; done
shift
exec "$@"
"""
"""Runs here what kubectl would run in the pod."""
SSHD_HERE = """\
#!/bin/sh
for one in "$@"; do echo "$one"; done
"""


@pytest.fixture
def there(tmp_path: Path) -> dict[str, str]:
    """An environment with such a kubectl, and a home that stands for the pod's."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name, text in (("kubectl", KUBECTL), ("sshd", SSHD_HERE), ("ssh-keygen", '#!/bin/sh\n: > "$6"\n: > "$7"\n')):
        (folder / name).write_text(text)
        (folder / name).chmod(0o700)
    home = tmp_path / "home"
    home.mkdir()
    return {"PATH": f"{folder}:{os.environ['PATH']}", "HOME": str(home), "ASKED": str(tmp_path / "asked")}


def printed(world: KubernetesWorld, *words: str) -> list[str]:
    done = run(world, "ssh", "web", "--print", *words)
    assert done.exit_code == 0, done.stderr
    return shlex.split(done.stdout)


def test_a_shell_and_a_command_go_by_exec_in_the_machines_namespace(
    world: KubernetesWorld, there: dict[str, str]
) -> None:
    world.create()
    world.advance(30)
    machine = world.row().provider_id
    shell = printed(world)
    assert shell[:8] == ["kubectl", "-n", "default", "exec", "-it", machine, "-c", "main"]
    command = printed(world, "--", "echo", "hello;", "pwd")
    done = subprocess.run(command, env=there, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[0] == "hello"
    assert f"exec -i {machine} -c main -- /bin/sh" in Path(there["ASKED"]).read_text()


def test_the_accounts_own_context_is_named_where_it_is_known(world: KubernetesWorld) -> None:
    accounts = (Account("default", "kubernetes", {"context": "lab", "kubeconfig": "/etc/im/lab.yaml"}),)
    world.ctx = replace(world.ctx, settings=replace(world.ctx.settings, accounts=accounts))
    world.create()
    world.advance(30)
    assert printed(world)[1:5] == ["--kubeconfig", "/etc/im/lab.yaml", "--context", "lab"]


def test_what_is_for_ssh_goes_by_ssh_with_exec_as_its_proxy(world: KubernetesWorld, there: dict[str, str]) -> None:
    world.create()
    world.advance(30)
    line = printed(world, "--", "-L", "8888:localhost:8888")
    assert (line[0], line[-3:]) == ("ssh", [f"ubuntu@{world.row().provider_id}", "-L", "8888:localhost:8888"])
    proxy = line[2].removeprefix("ProxyCommand=").replace("%%", "%")
    assert shlex.split(proxy)[-1] == SSHD
    done = subprocess.run(proxy, shell=True, env=there, capture_output=True, text=True, check=True)  # noqa: S602 - as ssh does
    told = done.stdout.splitlines()
    assert told[:2] == ["-i", "-e"]
    assert f"AuthorizedKeysFile={there['HOME']}/.ssh/authorized_keys" in told


def test_an_image_without_sshd_says_what_needs_none(world: KubernetesWorld, there: dict[str, str]) -> None:
    (Path(there["PATH"].partition(":")[0]) / "sshd").unlink()
    elsewhere = SSHD.replace("/usr/sbin/", "/nonexistent/")  # whatever this machine itself has
    bare = {**there, "PATH": f"{there['PATH'].partition(':')[0]}:/usr/bin:/bin"}
    done = subprocess.run(["/bin/sh", "-c", elsewhere], env=bare, capture_output=True, text=True, check=False)
    assert (done.returncode, "im ssh NAME, without arguments for ssh, needs none" in done.stderr) == (127, True)


def test_a_stopped_machine_and_a_missing_kubectl_are_told_of(
    world: KubernetesWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.create()
    world.advance(30)
    monkeypatch.setattr("shutil.which", lambda _: None)
    assert "there is no kubectl on this machine" in run(world, "ssh", "web").stderr
    world.stop("web")
    world.advance(60)
    assert "im extend web -d 1h  wakes it" in run(world, "ssh", "web").stderr
