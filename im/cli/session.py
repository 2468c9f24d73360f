"""One invocation of the command line: its settings and its context, made when a command first needs them."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING

import click

from im.domain.errors import Refused

if TYPE_CHECKING:
    from im.cli.backend.place import Place
    from im.cli.backend.port import Backend
    from im.context import Context
    from im.domain.access import Actor
    from im.settings import Settings


class Session:
    """`open_context` is im.context's own; a test may hand in another, which brings its own settings, or the `place` of an API."""

    def __init__(self, open_context: Callable[[], Context] | None = None, place: Place | None = None) -> None:
        self.verbose = False
        self.warns = True
        """Somebody at a terminal is told of what is unsafe, unless the command tells it itself."""
        self.writing = False
        """Something is to be stored, and nothing is stored yet."""
        self.in_doubt = False
        """It is being stored: whoever is interrupted now cannot know."""
        self.stored = ""
        """What is stored by now, in words: from here on nothing that fails may read as if it were not."""
        self._open_context = open_context
        self._place = place

    @cached_property
    def place(self) -> Place | None:
        """The API that commands speak to; None: they ask the services in this process. Raises Refused, NotSignedIn."""
        if self._open_context is not None or self._place is not None:
            return self._place
        from im.cli.backend.place import find

        return find(os.environ)

    @cached_property
    def backend(self) -> Backend:
        """What every command asks that is not of this machine by its nature."""
        if self.place is not None:
            from im.cli.backend.remote import Remote

            return Remote(self.place)
        from im.cli.backend.direct import Direct

        return Direct(self.context, lambda: self.actor)

    @cached_property
    def settings(self) -> Settings:
        """Raises Refused for a variable or a config file that cannot be."""
        if self._open_context is not None:
            return self.context.settings
        from im.settings import Settings

        settings = Settings.from_env()
        if self.warns and sys.stderr.isatty() and (told := settings.exposure):
            from im.cli.output.errors import note

            note(f"{told}. Next: chmod 600 {settings.config}")
        return settings

    @cached_property
    def context(self) -> Context:
        """Nothing is connected yet."""
        if self._open_context is None:
            from im.context import open_context

            return open_context(self.settings)
        return self._open_context()

    @cached_property
    def actor(self) -> Actor:
        """Whoever has the database's address is its admin; the name is advisory (IM_OWNER, else the user of this machine)."""
        from im.domain.access import Actor
        from im.domain.event import Channel

        return Actor.admin(self.settings.owner, Channel.CLI, os.urandom(8).hex())

    def request(self) -> None:
        """This command is going to store something; until it has, whatever fails leaves nothing behind."""
        self.writing = True
        self.log_to_stderr()

    def log_to_stderr(self) -> None:
        """stdout belongs to the answer. What the doorbell logs is said by the command itself, so only --verbose shows it."""
        from im import logs

        logs.only_to_stderr(verbose=self.verbose)

    @contextmanager
    def storing(self, what: str) -> Iterator[None]:
        """Around the service that stores `what`: before its end nothing is stored, after it `what` is."""
        self.writing = self.in_doubt = True
        yield
        self.writing, self.in_doubt, self.stored = False, False, what

    def services_only(self, what: str, instead: str) -> None:
        """Raises Refused where commands speak to an API, which cannot do `what`."""
        if self.place is not None:
            raise Refused(f"{what}, and this machine speaks to {self.place.url}", instead)

    def close(self) -> None:
        """Give back what was opened."""
        if "backend" in self.__dict__ and self.place is not None:
            self.backend.close()
        if "context" in self.__dict__:
            self.context.dispose()


pass_session = click.make_pass_decorator(Session)


def here() -> datetime:
    """This machine's clock, for words such as `--until 18:00` and for what is shown; it decides nothing."""
    return datetime.now(UTC)
