"""`im service`, `im worker`, `im beat`, `im flower`: thin ways to start Celery on our app. `im` never imports the workers."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from types import FrameType

import click

from im.broker import check as check_broker
from im.cli.commands.people.link import link
from im.cli.output.errors import note
from im.cli.session import Session, pass_session
from im.domain.errors import Refused, Unavailable
from im.queue.celery import QUEUES
from im.queue.tasks import DEADLINES
from im.stack.programs import FLOWER_COLUMNS, celery

_BESIDE = "on a machine of the deployment, with IM_DATABASE_URL and IM_BROKER_URL set"
_LEVELS = click.Choice(["debug", "info", "warn", "error"])
_LONGEST_PAUSE = 30.0
"""Seconds between two starts of a child that keeps ending."""
_LASTED = 10.0
"""Seconds after which a child counts as having been well, so that its next end is a first one again."""


@click.command()
@click.option("--log-level", type=_LEVELS, help="How much is logged (IM_LOG_LEVEL).")
@click.option("-c", "--concurrency", type=click.IntRange(1, 64), help="Worker processes (IM_CONCURRENCY).")
@pass_session
def service(session: Session, log_level: str | None, concurrency: int | None) -> None:
    """Worker and beat in one process group."""
    environment = _environment(session, log_level)
    processes = concurrency or session.settings.concurrency
    # two children rather than celery's -B: an embedded beat runs once in every worker started so
    children = [
        Child("worker", celery(*_worker_words(QUEUES, processes)), environment),
        Child("beat", celery("beat", "--pidfile="), environment),
    ]
    sys.exit(attend(children, session.settings.log_format))


@click.command()
@click.option("-Q", "--queues", help=f"Comma-separated; all of them by default: {','.join(QUEUES)}.")
@click.option("-c", "--concurrency", type=click.IntRange(1, 64), help="Worker processes (IM_CONCURRENCY).")
@click.option("--log-level", type=_LEVELS, help="How much is logged (IM_LOG_LEVEL).")
@pass_session
def worker(session: Session, queues: str | None, concurrency: int | None, log_level: str | None) -> None:
    """A worker: the one who talks to the cloud."""
    named = [name.strip() for name in queues.split(",")] if queues else list(QUEUES)
    for name in named:
        if name not in QUEUES:
            raise Refused(f"there is no queue '{name[:40]}'", f"use one or more of {', '.join(QUEUES)}")
    processes = concurrency or session.settings.concurrency
    _become(celery(*_worker_words(named, processes)), _environment(session, log_level))


@click.command()
@click.option("--log-level", type=_LEVELS, help="How much is logged (IM_LOG_LEVEL).")
@pass_session
def beat(session: Session, log_level: str | None) -> None:
    """The clock: refresh every 10 s, deadlines every 30 s."""
    _become(celery("beat", "--pidfile="), _environment(session, log_level))


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), help="Where it listens (FLOWER_PORT; 5555).")
@pass_session
def flower(session: Session, port: int | None) -> None:
    """A window on the queue, in the browser."""
    environment = _environment(session, None, database=False)  # it asks the broker alone
    # Flower's own default is every interface, without a password, and with buttons that shut workers down
    environment.setdefault("FLOWER_ADDRESS", "127.0.0.1")
    environment.setdefault("FLOWER_READ_ONLY", "true")
    environment.setdefault("FLOWER_TASKS_COLUMNS", FLOWER_COLUMNS)
    if port is not None:
        environment["FLOWER_PORT"] = str(port)
    if not environment.get("FLOWER_BASIC_AUTH") and not environment.get("FLOWER_AUTH"):
        password = secrets.token_urlsafe(12)
        environment["FLOWER_BASIC_AUTH"] = f"im:{password}"
        where = f"{environment['FLOWER_ADDRESS']}:{environment.get('FLOWER_PORT', '5555')}"
        note(f"Flower: http://im:{password}@{where}  (FLOWER_BASIC_AUTH=user:password sets your own)")
    _become(celery("flower"), environment)


@click.group(invoke_without_command=True, short_help="The page and the API over HTTP.")
@click.pass_context
@pass_session
def web(session: Session, ctx: click.Context) -> None:
    """Serve the page and the API until Ctrl-C, on loopback unless IM_WEB_HOST and IM_WEB_URL say otherwise.

    \b
    im web link                                                # opens the page, signed in
    im token create laptop                                     # what a client of the API shows
    curl -H "Authorization: Bearer $IM_TOKEN" http://127.0.0.1:8780/api/v1/instances
    """
    if ctx.invoked_subcommand is not None:
        return
    settings = session.settings
    if not settings.database_url:
        session.services_only("im web serves a database of its own", _BESIDE)
        raise Unavailable(
            "no database is named and no local stack is running",
            "`im up` starts everything on this machine; a fleet sets IM_DATABASE_URL and IM_BROKER_URL",
        )
    try:
        from im.web.server import serve
    except ModuleNotFoundError as exc:
        raise Refused(f"im web needs {exc.name}, which is not installed", "pip install 'im-instances[web]'") from None
    raise SystemExit(serve(settings))


web.add_command(link)


class Child:
    """One process that is started again whenever it ends, later each time."""

    def __init__(self, name: str, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self.name = name
        self._command = command
        self._environment = environment
        self._process: subprocess.Popen[bytes] | None = None
        self._started = 0.0
        self._failures = 0
        self._due = 0.0

    def keep_alive(self, now: float, say: Callable[[str], None]) -> None:
        """Start the child when it is due; notice when it has ended. `now` is in seconds of a steady clock."""
        if self._process is None:
            if now >= self._due:
                # a group of its own: a terminal's Ctrl-C reaches us alone, and we pass it on once
                self._process = subprocess.Popen(self._command, env=dict(self._environment), process_group=0)
                self._started = now
            return
        code = self._process.poll()
        if code is None:
            return
        self._process = None
        self._failures = 1 if now - self._started > _LASTED else self._failures + 1
        pause = min(_LONGEST_PAUSE, 2.0 ** (self._failures - 1))
        self._due = now + pause
        how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"
        say(f"{self.name} {how}; starting it again in {pause:.0f} s")

    def signal(self, number: int) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(number)

    def gone(self) -> bool:
        return self._process is None or self._process.poll() is not None


def attend(children: Sequence[Child], log_format: str) -> int:
    """Keep `children` running until SIGINT, SIGTERM or SIGHUP; then stop all of them. A second signal does not wait for tasks.

    Returns the exit code: 130 after Ctrl-C, else 0.
    """
    from im import logs

    logs.configure("info", log_format)
    asked: list[int] = []

    def note_signal(number: int, _frame: FrameType | None) -> None:
        asked.append(number)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, note_signal)
    while not asked:
        for child in children:
            child.keep_alive(time.monotonic(), logs.log.warning)
        time.sleep(0.2)
    logs.log.info("stopping: running tasks are finished first; once more stops them too")
    passed_on = 0
    while not all(child.gone() for child in children):
        if len(asked) > passed_on:
            for child in children:
                # Celery's words: TERM finishes what runs, QUIT leaves it to the lease
                child.signal(signal.SIGTERM if passed_on == 0 else signal.SIGQUIT)
            passed_on = len(asked)
        time.sleep(0.05)
    logs.log.info("stopped")
    return 130 if asked[0] == signal.SIGINT else 0


def _worker_words(queues: Sequence[str], processes: int) -> list[str]:
    """Gossip and mingle cost connections and add nothing here; -E is what Flower sees tasks by."""
    # the process id keeps two workers of one machine apart; Celery's remote control needs every name to be unique
    role = "deadlines" if list(queues) == [DEADLINES] else "worker"
    name = f"{role}-{os.getpid()}@%h"
    flags = ("--without-gossip", "--without-mingle", "-E", "-n", name)
    return ["worker", *flags, "-Q", ",".join(queues), "-c", str(processes)]


def _environment(session: Session, log_level: str | None, *, database: bool = True) -> dict[str, str]:
    """What a Celery process inherits. Raises Unavailable when it would have no one to talk to."""
    settings = session.settings
    if (database and not settings.database_url) or not settings.broker_url:
        missing = "database" if database and not settings.database_url else "broker"
        session.services_only("that is a part of the deployment itself", _BESIDE)
        raise Unavailable(
            f"no {missing} is named and no local stack is running",
            "`im up` starts everything on this machine; a fleet sets IM_DATABASE_URL and IM_BROKER_URL",
        )
    check_broker(settings.broker_url)  # a library would tell of it with the password
    level = log_level or ("debug" if session.verbose else settings.log_level)
    return {**os.environ, "IM_LOG_LEVEL": level, "PYTHONUNBUFFERED": "1"}


def _become(command: Sequence[str], environment: Mapping[str, str]) -> None:
    """Replace this process: signals and the exit code are Celery's own, as a supervisor or a container expects."""
    sys.stdout.flush()
    sys.stderr.flush()
    os.execve(command[0], list(command), dict(environment))  # noqa: S606 - no shell is wanted
