"""`im ssh` into a pod: what is run, and that it does what it says: with somebody else's kubectl, with none, and by address."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import termios
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from im.domain.config.account import Account
from im.domain.state import Observed
from im.providers.kubernetes.entry import command
from im.providers.kubernetes.entry.sshd import ONCE
from im.standins.kubernetes.cluster import SERVICES
from tests.integration.typed import run
from tests.standins.pod_process import here
from tests.worlds.kubernetes import TOKEN, KubernetesWorld

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
KEYGEN = '#!/bin/sh\nwhile [ "$1" != -f ]; do shift; done\n: > "$2"\n: > "$2.pub"\n'


@pytest.fixture
def there(tmp_path: Path) -> dict[str, str]:
    """An environment with such a kubectl, and a home that stands for the pod's."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name, text in (("kubectl", KUBECTL), ("sshd", SSHD_HERE), ("ssh-keygen", KEYGEN)):
        (folder / name).write_text(text)
        (folder / name).chmod(0o700)
    home = tmp_path / "home"
    home.mkdir()
    return {"PATH": f"{folder}:{os.environ['PATH']}", "HOME": str(home), "ASKED": str(tmp_path / "asked")}


@pytest.fixture
def has(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Only these programs are on this machine."""

    def only(*names: str) -> None:
        monkeypatch.setattr("shutil.which", lambda name, **more: f"/usr/bin/{name}" if name in names else None)

    only("kubectl", "ssh")
    return only


def printed(world: KubernetesWorld, *words: str) -> list[str]:
    done = run(world, "ssh", "web", "--print", *words)
    assert done.exit_code == 0, done.stderr
    return shlex.split(done.stdout)


def runs(world: KubernetesWorld, **more: Any) -> str:
    world.create(**more)
    world.advance(30)
    return str(world.row().provider_id)


def kubeconfig(world: KubernetesWorld, folder: Path, token: str = TOKEN) -> Path:
    """Somebody's way into the cluster of `world`, by a program as EKS, GKE and AKS have one."""
    (folder / "token.sh").write_text(
        '#!/bin/sh\necho \'{"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential",'
        f' "status": {{"token": "{token}"}}}}\'\n'
    )
    (folder / "token.sh").chmod(0o700)
    said = {
        "current-context": "lab",
        "contexts": [{"name": "lab", "context": {"cluster": "one", "user": "me"}}],
        "clusters": [{"name": "one", "cluster": {"server": world.provider._api._link.json()._url}}],
        "users": [
            {"name": "me", "user": {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "./token.sh"}}}
        ],
    }
    (folder / "lab.yaml").write_text(yaml.safe_dump(said))
    return folder / "lab.yaml"


def entered(capfd: pytest.CaptureFixture[str], line: list[str]) -> tuple[int, str, str]:
    """The line that `im ssh` prints where there is no kubectl, run in this process."""
    at = line.index("kubernetes")
    assert line[at - 1] == "enter"
    code = command.enter(line[at + 1 :])
    return code, *capfd.readouterr()


def test_a_shell_and_a_command_go_by_exec_in_the_machines_namespace(
    world: KubernetesWorld, there: dict[str, str], has: Callable[..., None]
) -> None:
    machine = runs(world)
    shell = printed(world)
    assert shell[:8] == ["kubectl", "-n", "default", "exec", "-it", machine, "-c", "main"]
    command = printed(world, "--", "echo", "hello;", "pwd")
    done = subprocess.run(command, env=there, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[0] == "hello"
    assert f"exec -i {machine} -c main -- /bin/sh" in Path(there["ASKED"]).read_text()


def test_the_accounts_own_context_is_named_where_it_is_known(world: KubernetesWorld, has: Callable[..., None]) -> None:
    accounts = (Account("default", "kubernetes", {"context": "lab", "kubeconfig": "/etc/im/lab.yaml"}),)
    world.ctx = replace(world.ctx, settings=replace(world.ctx.settings, accounts=accounts))
    runs(world)
    assert printed(world)[1:5] == ["--kubeconfig", "/etc/im/lab.yaml", "--context", "lab"]


def test_what_is_for_ssh_goes_by_ssh_with_exec_as_its_proxy(
    world: KubernetesWorld, there: dict[str, str], has: Callable[..., None]
) -> None:
    machine = runs(world)
    line = printed(world, "--", "-L", "8888:localhost:8888")
    assert (line[0], line[-3:]) == ("ssh", [f"im@{machine}", "-L", "8888:localhost:8888"])
    proxy = line[2].removeprefix("ProxyCommand=").replace("%%", "%")
    assert shlex.split(proxy)[-1] == ONCE
    done = subprocess.run(proxy, shell=True, env=there, capture_output=True, text=True, check=True)  # noqa: S602 - as ssh does
    told = done.stdout.splitlines()
    assert (told[0], told[told.index("-f") + 1]) == ("-i", "/dev/null"), "nothing of the image's configuration is read"
    assert f"AuthorizedKeysFile={there['HOME']}/.ssh/authorized_keys" in told
    assert [one.name for one in Path(there["HOME"], ".im/sshd").iterdir()] == ["key"]


def test_an_image_without_sshd_says_what_needs_none(there: dict[str, str]) -> None:
    (Path(there["PATH"].partition(":")[0]) / "sshd").unlink()
    elsewhere = ONCE.replace("/usr/sbin/", "/nonexistent/")  # whatever this machine itself has
    bare = {**there, "PATH": f"{there['PATH'].partition(':')[0]}:/usr/bin:/bin"}
    done = subprocess.run(["/bin/sh", "-c", elsewhere], env=bare, capture_output=True, text=True, check=False)
    assert (done.returncode, "im ssh NAME, without arguments for ssh, needs none" in done.stderr) == (127, True)


def test_a_machine_that_was_taken_in_is_entered_by_the_name_of_its_pod(
    world: KubernetesWorld, has: Callable[..., None]
) -> None:
    runs(world)
    world.tamper(provider_notes='{"pod": "theirs-0"}')
    assert printed(world)[3:7] == ["exec", "-it", "theirs-0", "--"]


@pytest.mark.parametrize("spoken", ["v5.channel.k8s.io", "v4.channel.k8s.io"])
def test_without_kubectl_a_command_runs_in_the_pod_all_the_same(
    world: KubernetesWorld,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    has: Callable[..., None],
    spoken: str,
) -> None:
    """Output, errors and exit code come through; credentials are those of the kubeconfig, by its program."""
    has("ssh")
    machine = runs(world)
    world.cluster.starts = here({"PATH": os.environ["PATH"]})
    world.cluster.exec_protocols = (spoken,)
    monkeypatch.setenv("KUBECONFIG", str(kubeconfig(world, tmp_path)))
    line = printed(world, "--", "echo hello; echo no >&2; exit 7")
    assert TOKEN not in " ".join(line), "whoever looks at processes sees no token"
    assert line[line.index("enter") :][:6] == ["enter", "kubernetes", "-n", "default", "-i", machine]
    with open(os.devnull) as nothing:
        monkeypatch.setattr(sys, "stdin", nothing)
        assert entered(capfd, line) == (7, "hello\n", "no\n")


def test_what_is_typed_reaches_the_pod_and_so_does_its_end(
    world: KubernetesWorld,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    has: Callable[..., None],
) -> None:
    """More than one frame of it, byte by byte: what ssh says through its ProxyCommand is no text."""
    has("ssh")
    runs(world)
    world.cluster.starts = here({"PATH": os.environ["PATH"]})
    monkeypatch.setenv("KUBECONFIG", str(kubeconfig(world, tmp_path)))
    sent = bytes(range(256)) * 1024
    (tmp_path / "sent").write_bytes(sent)
    with (tmp_path / "sent").open("rb") as typed:
        monkeypatch.setattr(sys, "stdin", typed)
        (proxy,) = (one for one in printed(world, "--", "-N") if one.startswith("ProxyCommand="))
        line = shlex.split(proxy.partition("=")[2].replace("%%", "%"))
        code, *_ = entered(capfd, [*line[: line.index("--")], "--", "/bin/sh", "-c", f"cat > {tmp_path}/came; exit 3"])
    assert code == 3
    assert (tmp_path / "came").read_bytes() == sent


def test_a_shell_has_a_terminal_as_large_as_ones_own(
    world: KubernetesWorld,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    has: Callable[..., None],
) -> None:
    has("ssh")
    runs(world)
    world.cluster.starts = here({"PATH": os.environ["PATH"]})
    monkeypatch.setenv("KUBECONFIG", str(kubeconfig(world, tmp_path)))
    line = printed(world)
    assert "-it" in line
    mine, its = os.openpty()
    termios.tcsetwinsize(its, (33, 99))
    before = termios.tcgetattr(its)
    with os.fdopen(its, "rb", buffering=0) as typed, os.fdopen(mine, "rb", buffering=0):
        monkeypatch.setattr(sys, "stdin", typed)
        until_told = 'while [ "$(stty size)" != "33 99" ]; do :; done; tty > /dev/null && echo seen; exit 5'
        code, out, _ = entered(capfd, [*line[: line.index("--")], "--", "/bin/sh", "-c", until_told])
        assert (code, out) == (5, "seen\r\n")
        assert termios.tcgetattr(typed.fileno()) == before, "and is left as it was"


@pytest.mark.parametrize(
    ("rights", "token", "says"),
    [
        (frozenset({("get", "pods/exec")}), TOKEN, "both get and create of pods/exec"),
        (None, "cluster.wrong", "Unauthorized"),
        (None, TOKEN, "nothing ran in the pod: this cluster is pretended"),
    ],
)
def test_why_nobody_is_let_in_is_told(
    world: KubernetesWorld, tmp_path: Path, has: Callable[..., None], rights: Any, token: str, says: str
) -> None:
    has("ssh")
    machine = runs(world)
    world.cluster.rights = rights
    line = ("enter", "kubernetes", "--kubeconfig", str(kubeconfig(world, tmp_path, token)), machine, "--", "true")
    told = run(world, *line)
    assert says in told.stderr
    assert told.exit_code == 2


def test_a_node_port_is_an_address_for_ssh_and_goes_with_the_machine(
    world: KubernetesWorld, has: Callable[..., None]
) -> None:
    machine = runs(world, options={"expose": "node-port"})
    (service,) = world.cluster.all(SERVICES, "default")
    port = service["spec"]["ports"][0]["nodePort"]
    line = printed(world, "--", "-L", "8888:localhost:8888")
    assert line[:5] == ["ssh", "-p", str(port), "-o", f"HostKeyAlias={machine}"]
    assert line[-3:] == ["im@192.0.2.10", "-L", "8888:localhost:8888"]
    assert {"name": "IM_EXPOSE", "value": "2222"} in world.pods()[0]["spec"]["containers"][0]["env"]
    world.stop("web")
    world.advance(60)
    assert len(world.cluster.all(SERVICES, "default")) == 1, "a stopped machine keeps its port"
    world.terminate("web")
    world.advance(60)
    assert world.cluster.all(SERVICES, "default") == []


def test_a_load_balancer_is_waited_for_and_shown(world: KubernetesWorld, has: Callable[..., None]) -> None:
    world.cloud.takes *= 4
    world.create(options={"expose": "load-balancer"})
    world.advance(120, tick=10)
    row = world.row()
    assert (row.observed, str(row.public_ip)[:10]) == (Observed.RUNNING, "203.0.113.")
    assert printed(world)[:3] == ["ssh", "-p", "22"]
    assert printed(world)[-1] == f"im@{row.public_ip}"
    assert f"ssh -p 22 im@{row.public_ip}" in run(world, "status", "web").stdout


def test_a_load_balancer_with_a_name_is_reached_by_it(world: KubernetesWorld, has: Callable[..., None]) -> None:
    world.cluster.balancers = {"hostname": "a1.elb.example.com"}
    runs(world, options={"expose": "load-balancer"})
    assert world.row().public_ip is None
    assert printed(world)[-1] == "im@a1.elb.example.com"


def test_a_node_with_an_address_outside_is_named_by_it(world: KubernetesWorld, has: Callable[..., None]) -> None:
    for node in world.cluster.all("nodes", ""):
        node["status"]["addresses"].append({"type": "ExternalIP", "address": "198.51.100.7"})
    runs(world, options={"expose": "node-port"})
    assert world.row().public_ip == "198.51.100.7"


def test_a_stopped_machine_and_a_missing_ssh_are_told_of(world: KubernetesWorld, has: Callable[..., None]) -> None:
    runs(world)
    has()
    assert "there is no ssh on this machine" in run(world, "ssh", "web", "--", "-N").stderr
    world.stop("web")
    world.advance(60)
    assert "im extend web -d 1h  wakes it" in run(world, "ssh", "web").stderr
