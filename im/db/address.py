"""Where Postgres is: what libpq reads in IM_DATABASE_URL, checked so that no part of a password passes for another part."""

from __future__ import annotations

import re

import psycopg2
from psycopg2.extensions import parse_dsn

from im.address import ENCODE, host_and_port, plain_host, plain_name, scheme_of
from im.domain.errors import Refused, Unavailable

WRITE = "write postgresql://user:password@host/database"
_DRIVER = re.compile(r"(postgres(?:ql)?)\+\w+(?=://)", re.ASCII)
"""As SQLAlchemy has it; which driver is for us to say."""
_HOSTS = re.compile(r"[?&]host=", re.ASCII)
_KEYWORD = re.compile(r"\s*[a-z_]+\s*=", re.ASCII)


def arguments(url: str) -> dict[str, str]:
    """What the driver is given for `url`: libpq's own reading, of a URL or of `host=… password=…`, with one host or several.

    Raises Unavailable when there is none, Refused for one that is useless; neither repeats anything of it.
    """
    if not url.strip():
        raise Unavailable(
            "no database is named and no local stack is running",
            "`im up` starts one on this machine; a fleet sets IM_DATABASE_URL and IM_BROKER_URL",
        )
    written = _DRIVER.sub(r"\1", url.strip(), count=1)
    scheme = scheme_of(written)
    if scheme not in ("postgresql", "postgres") and not _KEYWORD.match(written):
        if scheme:
            raise Refused(f"IM_DATABASE_URL names {scheme}, but im keeps its rows in Postgres", WRITE)
        raise Refused("IM_DATABASE_URL is not a URL", WRITE)
    if len(_HOSTS.findall(written)) > 1:  # libpq would take the last alone
        raise Refused(
            "IM_DATABASE_URL names its hosts one by one", "write them as postgresql://user:password@h1:1,h2:2/db"
        )
    try:
        given: dict[str, str] = parse_dsn(written)
    except (psycopg2.Error, ValueError):  # its words repeat a part of what was written
        raise _unreadable() from None
    if not _is_certain(given) or (scheme and _is_torn(written)):
        raise _unreadable()
    return given


def shown(url: str) -> str:
    """Which user, host and database `url` names, for people to read."""
    try:
        given = arguments(url)
    except (Refused, Unavailable):
        return "an address that cannot be read"
    hosts, ports = given.get("host", "").split(","), given.get("port", "").split(",")
    if len(ports) < len(hosts):
        ports = [ports[0]] * len(hosts)
    where = ",".join(
        "" if host.startswith("/") else host_and_port(host, port) for host, port in zip(hosts, ports, strict=False)
    )
    user, name = given.get("user", ""), given.get("dbname", "")
    return f"postgresql://{f'{user}@' if plain_name(user) else ''}{where}/{name if plain_name(name) else ''}"


def _is_certain(given: dict[str, str]) -> bool:
    hosts = (host for host in given.get("host", "").split(",") if host)
    ports = (port for port in given.get("port", "").split(",") if port)
    return (
        all(plain_host(host) or host.startswith("/") for host in hosts)
        and all(port.isascii() and port.isdigit() for port in ports)
        and not any(sign in given.get("user", "") for sign in "?=/")
    )


def _is_torn(url: str) -> bool:
    """A raw @ or / in a password: libpq ends the password there, and reads the rest as a host or a database."""
    before_query = url.partition("://")[2].partition("?")[0]
    return before_query.count("@") > 1 or "@" in before_query.partition("/")[2]


def _unreadable() -> Refused:
    return Refused("IM_DATABASE_URL cannot be read as libpq reads it, so nothing of it is shown", f"{WRITE}; {ENCODE}")
