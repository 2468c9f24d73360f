"""Why a broker does not do what it is asked, in our words: each of its refusals has a name, a cause and a next step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from im.address import reason, scheme_of
from im.broker import shown
from im.domain.errors import Unavailable

if TYPE_CHECKING:
    from im.settings import Settings

_CLUSTER = "use a broker that is one server: Celery's messages cannot be spread over a cluster"
_REFUSALS = (
    # kinds of redis.exceptions, the narrow ones first; the words that it says besides; what that means; what to do
    (
        "NoPermissionError",
        "NOPERM|ACL failure in script",
        "its user may not do what im needs",
        "give it the rule in docs/security.md",
    ),
    ("", "NOAUTH|Authentication required", "it wants a password", "put user and password into IM_BROKER_URL"),
    ("AuthenticationError", "WRONGPASS", "it refuses the user or the password", "mend them in IM_BROKER_URL"),
    (
        "AuthenticationWrongNumberOfArgsError",
        "",
        "it knows no users, only a password",
        "leave the user out of IM_BROKER_URL",
    ),
    ("MasterDownError", "MASTERDOWN", "it is a replica that has lost its primary", "name the primary in IM_BROKER_URL"),
    ("ClusterDownError", "CLUSTERDOWN", "it belongs to a cluster that is down", _CLUSTER),
    ("MovedError", "MOVED", "it belongs to a cluster", _CLUSTER),
    ("AskError", "ASK ", "it belongs to a cluster", _CLUSTER),
    ("ClusterCrossSlotError", "CROSSSLOT", "it belongs to a cluster", _CLUSTER),
    ("ReadOnlyError", "READONLY", "it is a replica and takes no writes", "name the primary in IM_BROKER_URL"),
    ("BusyLoadingError", "LOADING", "it is starting, and reads its data first", "try again when it has"),
    ("OutOfMemoryError", "OOM", "its memory is full", "give it more (maxmemory), and look what fills it"),
    (
        "",
        "MISCONF",
        "it cannot save its data, and takes nothing meanwhile",
        "make room on its disk, or mend how it saves",
    ),
    ("", "max number of clients", "it has as many clients as it takes", "raise its maxclients, or end some"),
    ("", "DENIED|protected mode", "it takes nobody from elsewhere (protected mode)", "give it a password"),
    ("", "DB index is out of range", "it has no database of that number", "end IM_BROKER_URL with /0"),
    ("", "unknown command", "it does not know a command that im needs", "use Redis 6.2, Valkey 7.2 or newer"),
)
_FILES = "mend ssl_ca_certs, ssl_certfile or ssl_keyfile in it"
_TLS_ALERT = "\\x15\\x03"


def no_answer(settings: Settings, exc: BaseException) -> Unavailable:
    """`exc` is what a library raised: nothing of its words is repeated, for they may repeat what it was told."""
    where = f"the broker at {shown(settings.broker_url)}"
    cause: BaseException | None = exc
    while cause is not None:
        if isinstance(cause, FileNotFoundError):
            return Unavailable(f"{where} is not asked: a file of certificates is not where IM_BROKER_URL says", _FILES)
        if told := _refusal(cause):
            return Unavailable(f"{where} {told[0]}", told[1])
        cause = cause.__cause__ or cause.__context__
    hint = "start it (`im up` for the local stack), or set IM_BROKER_URL"
    if "TLS" in (why := reason(exc)):
        hint = "write redis:// in IM_BROKER_URL for a port without TLS, or mend its certificate"
    elif scheme_of(settings.broker_url) == "rediss" and why == reason(TimeoutError()):
        # a server without TLS takes the greeting for the beginning of a command, and waits for its end
        hint = "write redis:// in IM_BROKER_URL if that port is without TLS; else see whether it runs"
    return Unavailable(f"{where} does not answer: {why}", hint)


def _refusal(cause: BaseException) -> tuple[str, str] | None:
    """What it did, and what to do about it; None for what says nothing of a refusal."""
    from redis import exceptions

    if not isinstance(cause, exceptions.RedisError):
        return None
    said = str(cause)
    if isinstance(cause, exceptions.InvalidResponse):
        if _TLS_ALERT in said:
            return "speaks TLS, and was asked without", "write rediss:// in IM_BROKER_URL"
        return "is neither Redis nor Valkey: it answers in no way that im knows", "mend host and port in IM_BROKER_URL"
    for kind, words, means, do in _REFUSALS:
        known = getattr(exceptions, kind, None) if kind else None
        if (known is not None and type(cause) is known) or any(one and one in said for one in words.split("|")):
            return f"refuses: {means}", do
    if isinstance(cause, exceptions.ResponseError | exceptions.AuthenticationError):
        return "refuses, for a reason that im has no word for", "see the broker's own log, and IM_BROKER_URL"
    return None
