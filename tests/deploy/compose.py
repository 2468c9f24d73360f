"""A fleet of our own on this machine's container engine: started from the repository's files, asked, hurt and removed."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
ITS_OWN = {
    "postgres": {"POSTGRES"},
    "valkey": {"BROKER"},
    "roles": {"POSTGRES", "MIGRATE", "WORK", "LOOK"},
    "migrate": {"MIGRATE"},
    "worker": {"WORK", "BROKER"},
    "deadlines": {"WORK", "BROKER"},
    "beat": {"LOOK", "BROKER"},
    "flower": {"BROKER", "FLOWER"},
    "web": {"WORK", "BROKER"},
    "sandbox": set(),
}
"""Whose passwords a service is given."""
PATIENCE = 120.0
"""Seconds a fleet on a busy machine may take for one step before it counts as never."""


def compose_command() -> list[str]:
    """`docker compose` where the plugin is, else `docker-compose`; IM_TEST_COMPOSE chooses."""
    chosen = os.environ.get("IM_TEST_COMPOSE")
    if chosen:
        return chosen.split()
    plugin = subprocess.run(["docker", "compose", "version"], capture_output=True, check=False)
    return ["docker", "compose"] if plugin.returncode == 0 else ["docker-compose"]


def until(what: str, holds: Callable[[], Any], patience: float = PATIENCE) -> Any:
    """What `holds` answers as soon as it is true. Fails, saying `what`, after `patience` seconds."""
    deadline = time.monotonic() + patience
    while not (answer := holds()):
        assert time.monotonic() < deadline, f"not within {patience:.0f} s: {what}"
        time.sleep(0.5)
    return answer


def free_port() -> int:
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        return int(asked.getsockname()[1])


@dataclass
class Fleet:
    """One compose project under a name of its own, so that a fleet already running here is not touched."""

    folder: Path
    """Where its .env lies."""
    project: str = field(default_factory=lambda: f"im-deploy-{secrets.token_hex(3)}")
    passwords: dict[str, str] = field(
        default_factory=lambda: {
            f"IM_{part}_PASSWORD": secrets.token_hex(24)
            for part in ("POSTGRES", "MIGRATE", "WORK", "LOOK", "BROKER", "FLOWER")
        }
    )
    flower_port: int = field(default_factory=free_port)
    web_port: int = field(default_factory=free_port)
    profiles: list[str] = field(default_factory=lambda: ["sandbox"])
    """`web` joins them once somebody can sign in."""

    def __post_init__(self) -> None:
        variables = {
            **self.passwords,
            "IM_IMAGE": f"im:{self.project}",
            "IM_SANDBOX_IMAGE": f"im-sandbox:{self.project}",
            "IM_SANDBOX_URL": f"http://sandbox:{secrets.token_hex(24)}@sandbox:5000",
            "IM_FLOWER_PORT": str(self.flower_port),
            "IM_WEB_PORT": str(self.web_port),
            "IM_WEB_URL": self.web_url,
            "IM_WORKERS": "2",
        }
        self.env_file = self.folder / ".env"
        self.env_file.write_text("".join(f"{name}={value}\n" for name, value in variables.items()))
        self._command = compose_command()

    def compose(self, *words: str, check: bool = True, timeout: float = 900) -> subprocess.CompletedProcess[str]:
        """Run compose with `words`; with `check`, a refusal fails the test with what compose said."""
        named = ["--project-name", self.project, "--env-file", str(self.env_file)]
        named += [word for profile in self.profiles for word in ("--profile", profile)]
        return _run([*self._command, *named, *words], check=check, timeout=timeout)

    @property
    def web_url(self) -> str:
        return f"http://127.0.0.1:{self.web_port}"

    def im(self, *words: str, mount: Sequence[str] = (), check: bool = True) -> subprocess.CompletedProcess[str]:
        """`im WORDS` inside the fleet, as docs/fleet.md says to call it."""
        mounts = [word for volume in mount for word in ("-v", volume)]
        return self.compose("run", "--rm", "-T", *mounts, "im", *words, check=check, timeout=300)

    def rows(self) -> dict[str, dict[str, Any]]:
        """What `im list` knows, by name."""
        return {row["name"]: row for row in json.loads(self.im("list", "--json").stdout)}

    def machines(self) -> dict[str, list[str]]:
        """The states of the machines at the sandbox cloud itself, by Name tag: what is true, whatever our rows say."""
        asked = self.compose("exec", "-T", "sandbox", "python", "-c", _ASK_THE_CLOUD)
        found: dict[str, list[str]] = json.loads(asked.stdout)
        return found

    def sql(self, query: str) -> str:
        """The one value that `query` answers in the fleet's database."""
        asked = self.compose("exec", "-T", "postgres", "psql", "-U", "im", "-d", "im", "-Atc", query)
        return asked.stdout.strip()

    def containers(self, service: str = "") -> list[dict[str, Any]]:
        """`docker inspect` of each of the project's containers, one-off ones left out."""
        wanted = [f"label=com.docker.compose.project={self.project}", "label=com.docker.compose.oneoff=False"]
        wanted += [f"label=com.docker.compose.service={service}"] if service else []
        ids = _run(["docker", "ps", "-aq", *(w for f in wanted for w in ("--filter", f))]).stdout.split()
        if not ids:
            return []
        found: list[dict[str, Any]] = json.loads(_run(["docker", "inspect", *ids]).stdout)
        return found

    def log(self, container: dict[str, Any]) -> str:
        """All that the container printed."""
        said = _run(["docker", "logs", container["Id"]])
        return said.stdout + said.stderr

    def processes(self, container: dict[str, Any]) -> str:
        """The command lines of all that runs in it, as anybody on the machine sees them by `ps`."""
        return _run(["docker", "top", container["Id"], "-eo", "pid,args"]).stdout

    def kill(self, container: dict[str, Any]) -> None:
        """kill -9, as a machine that loses its power would."""
        _run(["docker", "kill", container["Id"]])

    def freeze(self, container: dict[str, Any]) -> None:
        """SIGSTOP to what runs in it, and to nothing that its health check starts: `docker pause` would hold that as well."""
        self._signal(container, "STOP")

    def thaw(self, container: dict[str, Any]) -> None:
        self._signal(container, "CONT")

    def _signal(self, container: dict[str, Any], name: str) -> None:
        # process 1 is the init that hands signals on; one that stops would stop nobody but itself
        hand = "import os, signal\nfor p in filter(str.isdecimal, os.listdir('/proc')):\n"
        hand += "  if int(p) not in (1, os.getpid()) and b'beat' in open(f'/proc/{p}/cmdline', 'rb').read():\n"
        hand += f"    os.kill(int(p), signal.SIG{name})"
        _run(["docker", "exec", container["Id"], "python", "-c", hand])

    def remove(self) -> None:
        """Everything: containers, networks, volumes and the images built for it."""
        self.compose("down", "--volumes", "--remove-orphans", "--timeout", "20", check=False)
        for image in (f"im:{self.project}", f"im-sandbox:{self.project}"):
            _run(["docker", "image", "rm", "--force", image], check=False)
        shutil.rmtree(self.folder, ignore_errors=True)


_ASK_THE_CLOUD = """
import boto3, json, os
from urllib.parse import urlsplit
secret = urlsplit(os.environ["IM_SANDBOX_URL"]).password
ec2 = boto3.client("ec2", region_name="us-east-1", endpoint_url="http://127.0.0.1:5000",
                   aws_access_key_id="sandbox", aws_secret_access_key=secret)
seen = {}
for page in ec2.get_paginator("describe_instances").paginate():
    for machine in (m for r in page["Reservations"] for m in r["Instances"]):
        name = next((t["Value"] for t in machine.get("Tags", []) if t["Key"] == "Name"), machine["InstanceId"])
        seen.setdefault(name, []).append(machine["State"]["Name"])
print(json.dumps(seen))
"""


def _run(words: list[str], *, check: bool = True, timeout: float = 60) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=timeout, check=False)
    assert not check or done.returncode == 0, f"{' '.join(words)}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
    return done
