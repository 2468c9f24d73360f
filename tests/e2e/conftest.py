"""A whole local stack for end-to-end tests: real Postgres, broker, sandbox cloud, workers, beat and Flower."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

import boto3
import pytest

from im.domain.config.sandbox import Sandbox, sandbox_at, sandboxes
from im.stack.local import LocalStack, Running
from tests import reaper

# Debian has it and pip has not; the gate installs it
collect_ignore = [] if shutil.which("promtool") else ["test_monitoring.py"]

IM = str(Path(sys.executable).parent / "im")
"""As people type it: `python -m` would itself look into the current folder first."""
READ_BY_SOMEBODY = ("celeryconfig", "flowerconfig", "sitecustomize", "usercustomize", "conftest", "setup", "env")


@dataclass
class StackUnderTest:
    """One state folder; `run` calls `im` there as a person would, in a process of its own."""

    home: Path
    environ: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        # nothing of the machine the tests run on: no real service, no credential
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("IM_", "AWS_"))}
        self.environ = {**kept, "IM_HOME": str(self.home), "IM_CONFIG": "", "NO_COLOR": "1"}

    @property
    def local(self) -> LocalStack:
        return LocalStack(self.home)

    @property
    def sandbox_url(self) -> str:
        """With the secret in it."""
        return self.running().named["sandbox_url"]

    @property
    def sandbox(self) -> Sandbox:
        return sandbox_at(sandboxes(self.sandbox_url, "aws")["aws"])

    def ec2(self) -> Any:
        """The hand that reaches around us, with the stack's own keys; close it."""
        where = self.sandbox
        return boto3.client(
            "ec2",
            "us-east-1",
            endpoint_url=where.endpoint,
            aws_access_key_id=where.key_id,
            aws_secret_access_key=where.secret,
        )

    @property
    def database_url(self) -> str:
        return self.running().named["database_url"]

    @property
    def broker_url(self) -> str:
        return self.running().named["broker_url"]

    def running(self) -> Running:
        found = self.local.running()
        assert found is not None, f"no stack runs in {self.home}"
        return found

    def pid(self, program: str) -> int:
        """The process id of `program`; 0 while it is down."""
        return next((p.pid for p in self.running().processes if p.name == program), 0)

    def command(self, *args: str) -> list[str]:
        return [sys.executable, "-m", "im.cli.main", *args]

    def run(
        self, *args: str, timeout: float = 120, environ: Mapping[str, str] | None = None, stdin: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """`im ARGS` without a terminal; `environ` is added to the stack's own."""
        return subprocess.run(
            self.command(*args),
            env={**self.environ, **(environ or {})},
            input=stdin,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    def said(self, *words: str) -> Any:
        """What `im WORDS --json` answers; it has to go well."""
        done = self.run(*words, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def remove(self) -> None:
        self.local.purge()
        shutil.rmtree(self.home, ignore_errors=True)


def make_stack() -> StackUnderTest:
    return StackUnderTest(reaper.new_folder("im-e-"))


@pytest.fixture(scope="session")
def stack() -> Iterator[StackUnderTest]:
    """A stack that is up, for every test of the run; leave it as you found it."""
    made = make_stack()
    try:
        made.local.up("sandbox", made.environ)
        yield made
    finally:
        made.remove()


@pytest.fixture(scope="session")
def foreign(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """It has a module of every name that anything of ours may import, and each leaves its name in `ran`."""
    folder = tmp_path_factory.mktemp("foreign")
    telling = f"open({str(folder / 'ran')!r}, 'a').write(__file__ + '\\n')\n"
    for name in {*sys.stdlib_module_names, *metadata.packages_distributions(), *READ_BY_SOMEBODY, "beat_schedule"}:
        if name.isidentifier():
            (folder / f"{name}.py").write_text(telling)
    for package in ("im", "im/cli", "workers", "celery", "alembic"):
        (folder / package).mkdir()
        (folder / package / "__init__.py").write_text(telling)
    for module in ("workers/main.py", "workers/__main__.py", "im/cli/main.py", "alembic/env.py"):
        (folder / module).write_text(telling)
    (folder / "alembic.ini").write_text("[alembic]\nscript_location = alembic\n")
    (folder / "supervisord.conf").write_text(f"[supervisord]\n[program:x]\ncommand=touch {folder / 'ran'}\n")
    (folder / ".env").write_text(
        "IM_DATABASE_URL=postgresql://127.0.0.1:1/foreign\nIM_BROKER_URL=redis://127.0.0.1:1/0\n"
    )
    return folder


def ran_there(foreign: Path) -> str:
    """The files of that folder that were run."""
    told = foreign / "ran"
    return told.read_text() if told.exists() else ""
