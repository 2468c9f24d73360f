"""Notices over HTTP: a webhook of one's own, which gets everything, and Slack's (or anything compatible), which gets text."""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import urllib3
from urllib3.exceptions import HTTPError
from urllib3.util import Timeout, parse_url

from im.address import reason
from im.channels.channel import NotSent
from im.domain.errors import Refused
from im.domain.notice import Notice

_CONNECT = 3.0
_TIMEOUT = Timeout(connect=_CONNECT, read=5)
"""Seconds. A receiver that thinks for longer counts as one that did not take it, and is asked again."""


class _Http:
    """One POST, one answer; no redirect is followed, because it would carry the notice to somebody unnamed."""

    def __init__(self, url: str) -> None:
        try:
            parsed = parse_url(url)
        except HTTPError:
            parsed = None
        if parsed is None or parsed.scheme not in ("http", "https") or not parsed.host:
            raise Refused(
                "a notice can only be sent to an http or https URL", "mend IM_NOTICE_WEBHOOK or IM_NOTICE_SLACK"
            )
        self._url = url
        self._port = parsed.port or (443 if parsed.scheme == "https" else 80)
        self._host = parsed.host  # the rest of the URL may be a secret, as Slack's is
        self._pool = urllib3.PoolManager(num_pools=1, retries=False, timeout=_TIMEOUT)

    def probe(self) -> str:
        """A connection and no request: whatever is posted to a webhook, somebody reads."""
        try:
            with socket.create_connection((self._host.strip("[]"), self._port), timeout=_CONNECT):
                return f"{self._host}:{self._port}"
        except OSError as exc:
            raise NotSent(f"{self._host}:{self._port} cannot be reached: {reason(exc)}") from exc

    def _post(self, body: Mapping[str, Any], key: str) -> None:
        headers = {"Content-Type": "application/json", "Idempotency-Key": key, "User-Agent": "im"}
        try:
            answer = self._pool.request(
                "POST", self._url, body=json.dumps(body).encode(), headers=headers, redirect=False, retries=False
            )
        except HTTPError as exc:
            raise NotSent(f"{self._host} cannot be reached: {reason(exc)}") from exc
        finally:
            self._pool.clear()
        if not 200 <= answer.status < 300:
            raise NotSent(f"{self._host} answered {answer.status}")


class Webhook(_Http):
    def send(self, notice: Notice, now: datetime) -> None:
        self._post(notice.payload(now), notice.key)


class Slack(_Http):
    """Incoming webhooks, as Slack, Mattermost, Discord (/slack) and Rocket.Chat take them."""

    def send(self, notice: Notice, now: datetime) -> None:
        left = notice.text(now).partition("\n")[0].removesuffix(" To keep it longer:")
        told = f"{_escaped(left)} To keep it longer: `{notice.extend}`"
        if notice.goes_on:
            told += f". That saves nothing: a stopped machine {notice.goes_on}. To end its cost: `{notice.terminate}`"
        self._post({"text": told}, notice.key)


def _escaped(text: str) -> str:
    """Slack's three control characters, so that no owner's name becomes a link or a mention."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
