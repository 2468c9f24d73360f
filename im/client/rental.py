"""A machine for as long as a `with` block lasts, and no longer."""

from __future__ import annotations

import os
from datetime import timedelta
from enum import StrEnum
from types import TracebackType
from typing import TYPE_CHECKING, Any

from im.cli.backend.remote.requests import knowing_own_network
from im.client.keeping import Keeping
from im.client.machine import Machine
from im.domain.errors import ImError, NotFound, Refused, Uncertain

if TYPE_CHECKING:
    from im.client.client import Client


class AtEnd(StrEnum):
    """What becomes of the machine when the block ends."""

    TERMINATE = "terminate"
    STOP = "stop"
    NOTHING = "nothing"
    """It lives until its deadline."""


class Rental:
    """Nothing is asked for before the block begins. It is asked for under one key, so that it is made once."""

    def __init__(
        self,
        client: Client,
        form: dict[str, Any],
        *,
        at_end: AtEnd,
        keep: timedelta | None,
        within: timedelta,
        reach: bool,
    ) -> None:
        self._client, self._form, self._at_end = client, form, at_end
        self._within, self._reach = within, reach
        self._key = os.urandom(16).hex()
        self._machine: Machine | None = None
        self._keeping = Keeping(self._extend, keep) if keep is not None else None

    def __enter__(self) -> Machine:
        try:
            machine = self._made()
            if self._keeping is not None:
                self._keeping.start()
            machine.wait(self._within)
            if self._reach:
                machine.reach(self._within)
            return machine
        except BaseException as exc:
            # a refusal has stored nothing; whoever is interrupted in mid-request cannot know, and asks to be sure
            if self._machine is not None or isinstance(exc, Uncertain) or not isinstance(exc, ImError):
                self._end(exc)
            raise

    def __exit__(
        self, _kind: type[BaseException] | None, exc: BaseException | None, _where: TracebackType | None
    ) -> None:
        self._end(exc)

    def _made(self) -> Machine:
        """The same again is the same machine."""
        told = knowing_own_network(self._form, lambda form: self._client.post("/instances", form, key=self._key))
        self._machine = Machine(self._client, told["items"][0])
        return self._machine

    def _extend(self, by: timedelta) -> None:
        assert self._machine is not None
        # a machine of its own: the block reads and changes the other one meanwhile
        Machine(self._client, self._machine.document).extend(by, start=False)

    def _end(self, exc: BaseException | None) -> None:
        """What fails here is a note on what was raised already, and raised where nothing was."""
        if self._keeping is not None:
            self._keeping.stop()
        try:
            if self._at_end is not AtEnd.NOTHING:
                machine = self._machine or self._made()
                machine.terminate() if self._at_end is AtEnd.TERMINATE else machine.stop()
        except ImError as failed:
            if self._gone(failed):
                return
            told = f"the machine was not ended: {failed.message}. {self._until()}"
            (exc or failed).add_note(told)
            if exc is None:
                raise

    def _gone(self, failed: ImError) -> bool:
        """Was somebody faster, or its deadline?"""
        if not isinstance(failed, Refused) or self._machine is None:
            return isinstance(failed, NotFound)
        try:
            return self._machine.refresh().document["closed_at"] is not None
        except ImError:
            return False

    def _until(self) -> str:
        if self._machine is None:
            return "Should it be there, its deadline ends it"
        return f"{self._machine.name} lives until {self._machine.expires_at.isoformat()}, its deadline, and no longer"
