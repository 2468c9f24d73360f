"""Who we are to Nebius: a token that somebody has put there, or one that a service account's signed word is changed for."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Lock
from typing import Any, Protocol

from im.domain.config.account import Account
from im.domain.errors import Refused
from im.providers.errors import Unauthenticated
from im.providers.nebius.account import EXTRA, MISSING, key_file, token_of
from im.providers.nebius.sdk import key_reader

_EARLY = 600
"""Seconds before a token's end from which it is renewed."""

Exchange = Callable[[Any], Any]
"""A call that changes a signed request for a token."""


class Credentials(Protocol):
    def token(self, exchange: Exchange) -> str:
        """Raises ProviderError."""
        ...

    def forget(self, token: str) -> bool:
        """It was refused. Is there another to be had?"""
        ...


class Sandbox:
    """A token that is known from the first."""

    def __init__(self, token: str) -> None:
        self._token = token

    def token(self, exchange: Exchange) -> str:
        return self._token

    def forget(self, token: str) -> bool:
        return False


class Own:
    """Of one account. Safe to be used by many threads. A token's variable and file are read at each call: it may be renewed."""

    def __init__(
        self,
        account: Callable[[], Account],
        env: Mapping[str, str] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`account` raises Refused where none is declared."""
        self._account, self._env, self._clock = account, os.environ if env is None else env, clock
        self._lock = Lock()
        self._made, self._until = "", 0.0

    def token(self, exchange: Exchange) -> str:
        if EXTRA.is_missing():
            raise EXTRA.missing("Nebius")
        try:
            account = self._account()
            if given := token_of(account, self._env):
                return given
        except Refused as exc:
            raise Unauthenticated(f"{exc.message} in the settings of this worker ({exc.hint})") from exc
        file = key_file(account, self._env)
        if file is None:
            raise Unauthenticated(f"no credentials of Nebius are known to this worker: {MISSING}")
        with self._lock:
            if not self._made or self._clock() >= self._until:
                told = exchange(_signed(file))
                self._made, self._until = told.access_token, self._clock() + max(60, told.expires_in - _EARLY)
            return self._made

    def forget(self, token: str) -> bool:
        """Somebody else may have renewed it meanwhile."""
        with self._lock:
            ours = bool(self._made)
            self._made = "" if self._made == token else self._made
        return ours


def _signed(file: Path) -> Any:
    """A request that the service account's key has signed."""
    reader = key_reader()
    try:
        return reader(str(file)).get_exchange_token_request()
    except Exception as exc:  # whatever the SDK says of such a file may hold a part of it
        told = f"the service account's key cannot be read: {file} ({type(exc).__name__})"
        raise Unauthenticated(f"{told}; nebius iam auth-public-key generate --output  writes one") from None
