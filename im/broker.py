"""Where the broker is: IM_BROKER_URL, checked before anything is stored, because what is stored has to be rung for."""

from __future__ import annotations

from im import address
from im.address import ENCODE, Address, Unreadable, scheme_of
from im.domain.errors import Refused

_SCHEMES = ("redis", "rediss", "redis+socket")
_TLS = {"ssl_cert_reqs", "ssl_ca_certs", "ssl_certfile", "ssl_keyfile", "ssl_check_hostname"}
_CERT_REQS = {"required", "optional", "none", "CERT_REQUIRED", "CERT_OPTIONAL", "CERT_NONE"}
_ONE_SERVER = "name one server, or an address that always leads to the primary (a proxy, a managed service's endpoint)"
WRITE = "write redis://:password@host:6379/0, or rediss:// for TLS"


def check(url: str) -> Address | None:
    """The parts of a URL that can be rung with; None when there is no URL. Raises Refused, which repeats no password."""
    if not url.strip():
        return None
    scheme = scheme_of(url)
    if "sentinel" in scheme:
        raise Refused(
            "IM_BROKER_URL names Sentinels, and im does not ask them which server is the primary",
            f"{_ONE_SERVER}; {WRITE}",
        )
    if "cluster" in scheme:
        raise Refused(
            "IM_BROKER_URL names a cluster, and Celery's messages cannot be spread over one", f"{_ONE_SERVER}; {WRITE}"
        )
    if scheme and scheme not in _SCHEMES:
        raise Refused(f"IM_BROKER_URL names {scheme}, but im rings through Redis or Valkey", WRITE)
    try:
        found = address.read(url)
    except Unreadable:
        raise Refused("IM_BROKER_URL cannot be read, so nothing of it is shown", f"{WRITE}; {ENCODE}") from None
    if scheme == "redis+socket":
        return found
    database = found.path.strip("/")
    if database and not (database.isascii() and database.isdigit() and len(database) < 6):
        raise Refused("IM_BROKER_URL ends with a database that is no number", WRITE)
    if not found.host:
        raise Refused("IM_BROKER_URL names no host", WRITE)
    _check_query(found)
    return found


def trusting_nobody(url: str) -> str:
    """`url` with the server's certificate checked, unless it says how: Celery checks none that it is not told to."""
    found = check(url)
    if found is None or found.scheme != "rediss" or "ssl_cert_reqs" in found.query:
        return url
    return f"{url}{'&' if found.query else '?'}ssl_cert_reqs=required"


def shown(url: str) -> str:
    """Where `url` leads, for people to read."""
    try:
        found = check(url)
    except Refused:
        return "an address that cannot be read"
    if found is None:
        return "nowhere"
    return str(found) + (found.path if found.scheme != "redis+socket" else "")


def _check_query(found: Address) -> None:
    if any(name in ("password", "username", "user") for name in found.query):
        raise Refused("IM_BROKER_URL has its password behind a ?, where no broker looks for it", WRITE)
    if set(found.query) - _TLS or found.query.get("ssl_cert_reqs", "none") not in _CERT_REQS:
        known = ", ".join(sorted(_TLS))
        raise Refused("IM_BROKER_URL has an option behind its ? that im does not know", f"known: {known}; {WRITE}")
