"""The broker as a place where processes count together: connections to it that never wait for long."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from im.broker import check

if TYPE_CHECKING:
    from redis import ConnectionPool


def connections(url: str, patience: float) -> ConnectionPool | None:
    """A pool for many threads, in which connecting and each answer take `patience` seconds at most, and nothing is tried twice.

    None where no broker is named. Raises Refused for a URL that names none of ours.
    """
    from redis import ConnectionPool, SSLConnection, UnixDomainSocketConnection
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    found = check(url)
    if found is None:
        return None
    given: dict[str, Any] = {"username": found.user or None, "password": found.password}
    given |= {"socket_connect_timeout": patience, "socket_timeout": patience, "retry": Retry(NoBackoff(), 0)}
    if found.scheme == "redis+socket":
        database = found.query.get("virtual_host", "").strip("/") or "0"
        given |= {"connection_class": UnixDomainSocketConnection, "path": found.path, "db": int(database)}
    else:
        given |= {"host": found.host, "port": found.port or 6379, "db": int(found.path.strip("/") or 0)}
    if found.scheme == "rediss":
        given |= {"connection_class": SSLConnection, **_tls(found.query)}
    return ConnectionPool(**given)


def _tls(query: dict[str, str]) -> dict[str, Any]:
    """kombu takes the names of the ssl module beside those of the driver."""
    given: dict[str, Any] = dict(query)
    if "ssl_cert_reqs" in given:
        given["ssl_cert_reqs"] = given["ssl_cert_reqs"].removeprefix("CERT_").lower()
    if "ssl_check_hostname" in given:
        given["ssl_check_hostname"] = given["ssl_check_hostname"].lower() not in ("0", "false", "no", "n", "f", "")
    return given
