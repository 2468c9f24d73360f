"""Something has changed: a doorbell for everybody who looks at a page, which then asks again with their own rights and filter.

One look at the database serves all streams of this process, twice a second and only while somebody listens. An event says
nothing but that it is time to look, and rings only for who may see what has changed: how often others work is told to nobody.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Hashable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

from anyio.to_thread import run_sync
from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from im.db.read import changes
from im.domain.errors import ImError
from im.logs import log
from im.views.times import utc
from im.web.api.asker import Asker, Asking, bearer_of, still
from im.web.api.problem import answers
from im.web.api.rates import TooMany

if TYPE_CHECKING:
    from im.context import Context

router = APIRouter(prefix="/api/v1", tags=["events"])
LOOK_EVERY = 0.5
ENDING_EVERY = 0.25
ALIVE_EVERY = 15.0
"""Seconds between two comments, for proxies that close what is silent; the right to listen is looked at then too."""
MOST, MOST_EACH = 400, 20
"""Streams at a time, in all and for one name."""
HEADERS = {"cache-control": "no-store", "x-accel-buffering": "no"}


Page = Annotated[
    str | None,
    Query(
        max_length=2000,
        description="The address of a list, as its page has it: rung for when what it shows has changed.",
    ),
]


class TooManyStreams(TooMany):
    def __init__(self) -> None:
        ImError.__init__(self, "too many streams are open", "close one first")
        self.after = int(ALIVE_EVERY)


@dataclass(frozen=True, slots=True)
class Watch:
    """What of everything a page shows, for who need not hear of the rest."""

    key: Callable[[Asker], Hashable]
    """The same for all who would be shown the same."""
    look: Callable[[Asker], object]
    """What is shown now; equal to what was shown before as long as nothing has changed."""


class Listener:
    """One open stream; `rung` is set when there is something to look at, once however often."""

    def __init__(self, asker: Asker, watch: Watch | None = None) -> None:
        self.watch = watch
        self.version = 0
        """Of what its page shows; 0: nobody has looked yet."""
        self.rung = asyncio.Event()
        self.is_of(asker)

    def is_of(self, asker: Asker) -> None:
        """Whoever listens, with the rights of this moment."""
        self.asker = asker
        self.key: Hashable = self.watch.key(asker) if self.watch else None

    def concerns(self, owners: frozenset[str] | None) -> bool:
        """Is it about something that one may see; None: nobody knows what has changed."""
        seen = self.asker.seen_owners
        return owners is None or (bool(owners) and (seen is None or not owners.isdisjoint(seen)))

    def hears(self, owners: frozenset[str] | None, versions: Mapping[Hashable, int]) -> bool:
        """The same, and where a page is watched: does it show something else than before?"""
        if not self.concerns(owners):
            return False
        if self.watch is None or (now := versions.get(self.key)) is None:
            return True
        was, self.version = self.version, now
        return owners is None or was != now


class Bell:
    """Looks for changes while there are listeners; lives on the server's event loop."""

    def __init__(self, ctx: Context, ending: Callable[[], bool]) -> None:
        self._ctx = ctx
        self._ending = ending
        self.listeners: set[Listener] = set()
        self._shows: dict[Hashable, tuple[int, object]] = {}
        """What each watched page shows, under a number that is another one whenever that is something else."""
        self._numbers = itertools.count(1)
        self.at: datetime | None = None
        """The moment of the last look, by the database's clock; None while nobody looks."""
        self._looking: asyncio.Task[None] | None = None
        self._attending: asyncio.Task[None] | None = None

    @property
    def is_ending(self) -> bool:
        """Is the server about to end? Every stream ends then."""
        return self._ending()

    def join(self, asker: Asker, watch: Watch | None = None) -> Listener:
        """Raises TooManyStreams."""
        each = Counter(one.asker.actor.name for one in self.listeners)
        if len(self.listeners) >= MOST or each[asker.actor.name] >= MOST_EACH:
            raise TooManyStreams
        made = Listener(asker, watch)
        if self.at is not None:
            made.rung.set()  # whatever has changed between a page and its stream; the first look rings for all
        self.listeners.add(made)
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())
        if self._attending is None or self._attending.done():
            self._attending = asyncio.create_task(self._attend())
        return made

    def leave(self, listener: Listener) -> None:
        self.listeners.discard(listener)

    async def _attend(self) -> None:
        """Wakes all of them when the server ends, however long a look takes; one looks for that in place of each."""
        while self.listeners:
            if self._ending():
                for one in self.listeners:
                    one.rung.set()
            await asyncio.sleep(ENDING_EVERY)

    async def _look(self) -> None:
        last: changes.Written | None = None
        while self.listeners:
            versions: dict[Hashable, int] = {}
            try:
                found = await run_sync(self._once, last)
                owners = None if last is None else _owners_of(found, last)
                last = found
                if self.at is None or owners is None or owners:
                    watching = {one.key: one for one in self.listeners if one.watch and one.concerns(owners)}
                    shown, self.at = await run_sync(self._shown, list(watching.items()))
                    versions = self._numbered(shown)
            except Exception as exc:  # whatever it is, the next look is tried: nobody else looks for those who listen
                # what happens meanwhile nobody knows: who listens looks for themselves once it is over
                log.warning(
                    "changes cannot be seen", error=exc.message if isinstance(exc, ImError) else type(exc).__name__
                )
                last, owners, versions = None, frozenset(), {}
            for one in self.listeners:
                if one.hears(owners, versions):
                    one.rung.set()
            await asyncio.sleep(LOOK_EVERY)
        self.at = None

    def _numbered(self, shown: Mapping[Hashable, object]) -> dict[Hashable, int]:
        """Compared once for all who watch the same; what nobody watches any more is forgotten."""
        watched = {one.key for one in self.listeners}
        self._shows = {key: kept for key, kept in self._shows.items() if key in watched}
        for key, now in shown.items():
            if key not in self._shows or self._shows[key][1] != now:
                self._shows[key] = next(self._numbers), now
        return {key: self._shows[key][0] for key in shown}

    def _once(self, last: changes.Written | None) -> changes.Written:
        with self._ctx.looking() as connection:
            return changes.beginning(connection) if last is None else changes.written(connection, last.oldest)

    def _shown(self, watching: list[tuple[Hashable, Listener]]) -> tuple[dict[Hashable, object], datetime]:
        """What pages show now, by what they watch, and a moment after that: what is older may lack a change that is rung for."""
        shown = {key: one.watch.look(one.asker) for key, one in watching if one.watch}
        with self._ctx.looking() as connection:
            return shown, self._ctx.clock(connection)


def _owners_of(found: changes.Written, last: changes.Written) -> frozenset[str]:
    """Whose instances were written since the last look."""
    new = {name for name, _ in found.rows - last.rows}
    return frozenset(owner for name, owner in found.owners if name in new)


@router.get(
    "/events/stream",
    operation_id="follow_changes",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {}}}, **answers(401, 403, 422, 429, 503)},
)
async def follow_changes(request: Request, asker: Asking, page: Page = None) -> Response:
    """Server-sent events named `changed`: something that one may see has changed, look again. Nothing is replayed."""
    bell: Bell = request.app.state.bell
    listener = bell.join(asker, None if page is None else request.app.state.watched(page))
    told = _events(request, bell, listener)
    return StreamingResponse(told, media_type="text/event-stream", headers=HEADERS)


async def _events(request: Request, bell: Bell, listener: Listener) -> AsyncIterator[str]:
    token = bearer_of(request)
    alive = time.monotonic()
    try:
        yield ": listening\n\n"
        while not bell.is_ending:
            if (left := alive + ALIVE_EVERY - time.monotonic()) <= 0:
                alive = time.monotonic()
                try:
                    listener.is_of(await run_sync(still, request, token))
                except ImError as exc:
                    yield f"event: ended\ndata: {json.dumps({'detail': exc.message})}\n\n"
                    return
                yield ": alive\n\n"
                continue
            try:
                await asyncio.wait_for(listener.rung.wait(), left)
            except TimeoutError:
                continue
            if bell.is_ending:
                return
            listener.rung.clear()
            yield f"event: changed\ndata: {json.dumps({'at': utc(bell.at)})}\n\n"
    finally:
        bell.leave(listener)
