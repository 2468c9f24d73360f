"""The broker as the fleet sees it: kombu's Redis transport, behind a door that lets in only what can be read.

What is refused has left its list by being read from it, which acknowledges it: it is told in one line, and never comes back.
"""

# kombu's stubs know none of what is overridden here
# mypy: disable-error-code="misc, attr-defined, no-untyped-call, union-attr"

from __future__ import annotations

from queue import Empty
from typing import Any

import redis
from kombu.transport import redis as kombu_redis

from im.logs import log
from workers import messages

_BROKER_AWAY = (OSError, redis.exceptions.RedisError)
"""What kombu itself answers by connecting anew."""


class Door(redis.Redis):
    """Hands out only messages that have been read and written anew."""

    def parse_response(self, connection: Any, command_name: Any, **options: Any) -> Any:
        answer = super().parse_response(connection, command_name, **options)
        if command_name != "BRPOP" or not answer:
            return answer
        key, raw = answer
        queue = key.decode("utf-8", "replace").partition(kombu_redis.Channel.sep)[0]
        try:
            read = messages.reply if queue.endswith(messages.REPLIES) else messages.doorbell
            return key, read(raw, queue)
        except messages.Unreadable as exc:
            log.warning("a message was refused", queue=queue, why=str(exc))
            return None  # as if the wait had ended with nothing


class QoS(kombu_redis.QoS):
    """What was taken and is not acknowledged. Losing it costs latency only, so nothing here may end the consumer."""

    def restore_unacked(self, client: Any = None) -> None:
        """kombu 5.7 asks this of a channel that has dropped its connections already, and whose transport may have lost its
        address (`'NoneType' object has no attribute 'hostname'`). What is not given back now comes back by its time-out."""
        try:
            super().restore_unacked(client)
        except Exception as exc:
            log.warning("what was taken could not be given back to the broker", error=type(exc).__name__)
            self._delivered.clear()

    def ack(self, delivery_tag: Any) -> None:
        if self._connected():
            super().ack(delivery_tag)

    def reject(self, delivery_tag: Any, requeue: bool = False) -> None:
        if self._connected():
            super().reject(delivery_tag, requeue)

    def restore_by_tag(self, tag: Any, client: Any = None, leftmost: bool = False) -> None:
        try:
            super().restore_by_tag(tag, client, leftmost)
        except _BROKER_AWAY:
            raise
        except Exception as exc:  # no message of ours; left there, it would stand before all others for ever
            log.warning("an unacknowledged message was refused", why=type(exc).__name__)
            self._remove_from_indices(tag).execute()

    def _connected(self) -> bool:
        """A task may end after the connection on which its message came."""
        connection = self.channel.connection
        return connection is not None and connection.client is not None


class Channel(kombu_redis.Channel):
    QoS = QoS

    def _get_client(self) -> Any:
        super()._get_client()  # refuses a redis-py that is too old
        return Door

    def _deliver_fanout_message(self, message: Any, exchange: str) -> Any:
        if exchange.endswith("pidbox"):
            message = messages.command(message, exchange)
        return super()._deliver_fanout_message(message, exchange)

    def _receive_one(self, c: Any) -> Any:
        try:
            return super()._receive_one(c)
        except Empty:
            return False
        except _BROKER_AWAY:
            raise
        except Exception as exc:
            why = str(exc) if isinstance(exc, messages.Unreadable) else type(exc).__name__
            log.warning("a broadcast was refused", why=why)
            return False


class SentinelChannel(Channel, kombu_redis.SentinelChannel):
    pass


class Transport(kombu_redis.Transport):
    Channel = Channel


class SentinelTransport(kombu_redis.SentinelTransport):
    Channel = SentinelChannel
