"""Does it answer? One question for each part, cheap enough to be asked five times a second."""

from __future__ import annotations

import socket
import urllib.error
import urllib.request
from base64 import b64encode
from typing import Any
from urllib.parse import urlsplit


def broker_answers(url: str) -> bool:
    from redis import Redis
    from redis.exceptions import RedisError

    with Redis.from_url(url, socket_timeout=2, socket_connect_timeout=2) as broker:
        try:
            return bool(broker.ping())
        except (RedisError, OSError):
            return False


def consumers(url: str) -> int:
    """How many workers wait for a message right now: each is blocked ("b") in BRPOP on its queues.

    Flower, while it asks the workers, counts as well for a second.
    """
    from redis import Redis
    from redis.exceptions import RedisError

    with Redis.from_url(url, socket_timeout=2, socket_connect_timeout=2) as broker:
        try:
            listed: list[dict[str, Any]] = broker.client_list()
        except (RedisError, OSError):
            return 0
    return sum(1 for client in listed if client.get("cmd") == "brpop" and "b" in client.get("flags", ""))


def listens(url: str) -> bool:
    """Somebody takes a connection there, in whatever language (loopback)."""
    split = urlsplit(url)
    try:
        with socket.create_connection((split.hostname or "", split.port or 0), timeout=2):
            return True
    except OSError:
        return False


def http_answers(url: str, user: str = "", password: str = "") -> bool:
    """A 2xx answer to GET `url` (http, loopback)."""
    asked = urllib.request.Request(url)  # noqa: S310 - our own loopback address
    if user:
        asked.add_header("Authorization", "Basic " + b64encode(f"{user}:{password}".encode()).decode())
    # no proxy: a company's cannot reach this machine's loopback
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(asked, timeout=2) as answer:
            return bool(200 <= answer.status < 300)
    except (urllib.error.URLError, OSError, ValueError):
        return False
