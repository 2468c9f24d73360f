"""A second Postgres that follows the room's first, and takes its place when that one is killed."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING
from urllib.parse import quote

from im.stack import postgres
from tests.servers import Server, backup

if TYPE_CHECKING:
    from tests.chaos.soak.room import Room


class Standby:
    """Synchronous: what the first has acknowledged, this one has."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._server = Server(room.folder / "standby")
        self.sockets = self._server.sockets

    @property
    def url(self) -> str:
        """Both, as libpq has it: whichever takes writes."""
        hosts = ",".join(quote(str(one / "pg")) for one in (self._room.sockets, self.sockets))
        return f"postgresql://im@/soak?host={hosts}&target_session_attrs=read-write"

    def follow(self) -> None:
        """Of the first one, which runs."""
        self._server = backup(self._room.sockets, self._room.folder / "standby", standby=True)
        command = [*postgres.command(self._server.layout, self.sockets), "-c", "fsync=off"]
        identity = self._server.identity()
        self._room.add("standby", [*command, "-c", "log_min_messages=fatal"], {"PATH": os.environ["PATH"]}, identity)
        self._room.children["standby"].start()
        self._room.wait_for(lambda: postgres.answers(self.sockets), 60, "the standby")
        first = self._room.connect()
        first.autocommit = True
        with first.cursor() as cursor:
            cursor.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
            cursor.execute("SELECT pg_reload_conf()")
        first.close()

    def promote(self) -> None:
        self._server.say("SELECT pg_promote(true, 30)")
