"""A look at the broker and at the workers that answer, for `im doctor` and for those who wait."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from im.broker import check
from im.domain.errors import Unavailable
from im.queue.celery import QUEUES, _app
from im.queue.unanswered import no_answer

if TYPE_CHECKING:
    from im.settings import Settings


def reach_broker(settings: Settings) -> None:
    """Shake hands with the broker. Raises Unavailable, with the reason, when it does not answer within seconds; Refused."""
    from kombu.exceptions import KombuError
    from redis.exceptions import RedisError

    if check(settings.broker_url) is None:
        raise Unavailable(
            "no broker is named and no local stack is running",
            "`im up` starts one on this machine; a fleet sets IM_DATABASE_URL and IM_BROKER_URL",
        )
    try:
        with _app(settings).connection_for_write() as connection:
            connection.ensure_connection(max_retries=1, interval_start=1, timeout=5)
    except (OSError, KombuError, RedisError, ValueError) as exc:
        raise no_answer(settings, exc) from exc


@dataclass(frozen=True, slots=True)
class Worker:
    """One that answers: the queues it listens to, how many tasks it is at work on, and whether it has anybody to do them."""

    queues: frozenset[str]
    busy: int = 0
    childless: bool = False


def workers_alive(settings: Settings, within: float = 1.5, host: str = "") -> dict[str, Worker]:
    """The workers that answer within so many seconds, of all or of one host. Raises Unavailable.

    Waits the whole time, three times: nobody knows how many there are.
    """
    from kombu.exceptions import KombuError
    from redis.exceptions import RedisError

    reach_broker(settings)
    named: dict[str, Any] = {"pattern": f"*@{host}", "matcher": "glob"} if host else {}
    try:
        # a connection of its own: those that Celery keeps may be to a broker that is no more
        with _app(settings) as app, app.connection_for_write() as connection:
            asked = app.control.inspect(timeout=within, connection=connection, **named)
            listening, active = asked.active_queues() or {}, asked.active() or {}
            stats: dict[str, Any] = asked.stats() or {}
    except (OSError, KombuError, RedisError) as exc:
        raise no_answer(settings, exc) from exc
    return {
        name: Worker(
            frozenset(str(queue["name"]) for queue in queues),
            len(active.get(name, ())),
            # a pool of threads has no processes to tell of
            stats.get(name, {}).get("pool", {}).get("processes") == [],
        )
        for name, queues in listening.items()
    }


def oldest_waiting(settings: Settings) -> dict[str, bytes]:
    """The message of each queue that has waited longest; a queue in which nothing waits is left out. Raises Unavailable."""
    reach_broker(settings)
    with _app(settings).connection_for_read() as connection:
        client = cast(Any, connection.default_channel).client
        found = {queue: client.lindex(queue, -1) for queue in QUEUES}
    return {queue: message for queue, message in found.items() if message is not None}


def waiting(settings: Settings) -> dict[str, int]:
    """How many messages wait in each queue. Raises Unavailable."""
    reach_broker(settings)
    with _app(settings).connection_for_read() as connection:
        client = cast(Any, connection.default_channel).client
        return {queue: int(client.llen(queue)) for queue in QUEUES}
