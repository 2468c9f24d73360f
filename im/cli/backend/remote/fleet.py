"""Holds, orphans, leftovers and figures of the whole deployment, over the API."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from im.cli.backend.remote.link import Link
from im.domain.explain.listing import Orphans
from im.views.leftover import read_survey
from im.views.orphan import read_orphan
from im.views.scope import place_json
from im.views.times import read_moment

if TYPE_CHECKING:
    from im.domain.leftover import Leftover, Survey


class RemoteFleet:
    def __init__(self, link: Link) -> None:
        self._link = link

    def orphans(self) -> Orphans:
        told = self._link.get("/orphans")
        return self._link.read(
            lambda one: Orphans(tuple(read_orphan(each) for each in one["items"]), read_moment(one["now"])), told
        )

    def pause(self, length: timedelta, reason: str) -> datetime:
        told = self._link.put("PUT", "/holds/pause", {"length": f"{int(length.total_seconds())}s", "reason": reason})
        return self._link.read(lambda one: read_moment(one["until"]), told, stored=True)

    def resume(self) -> bool:
        return bool(self._link.put("DELETE", "/holds/pause")["ended"])

    def metrics(self) -> str:
        return self._link.text("/metrics")

    def look_for_leftovers(self) -> None:
        self._link.post("/leftovers:look", once=False)

    def leftovers(self) -> Survey:
        return self._link.read(read_survey, self._link.get("/leftovers"))

    def approve_deletion(self, things: Iterable[Leftover]) -> None:
        form = {"things": [{**place_json(one.scope), "id": one.id} for one in things]}
        self._link.post("/leftovers:end", form, once=False)
