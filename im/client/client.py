"""The API of one `im web`, in the right of one token."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from im.cli.backend.place import Place, check_url, find
from im.cli.backend.remote.link import Link
from im.client.machine import Machine
from im.client.rental import AtEnd, Rental
from im.domain.errors import ImError, NotSignedIn, Refused
from im.domain.input.duration import parse_duration

_KEYS = ("id_ed25519.pub", "id_rsa.pub")
_KEPT_FROM = timedelta(minutes=1)
"""A deadline that is to be kept ahead is no shorter: a third of it has to be time enough for a request."""


class Client:
    """`url` and `token` are those of IM_API_URL and IM_TOKEN, or of `im login`, when left out. Threads may share one.

    Raises NotSignedIn where no API or no token is named.
    """

    longest = 20
    """Seconds of one question that waits."""

    def __init__(self, url: str | None = None, token: str | None = None) -> None:
        self._place = _place(url, token)
        self.pause: Callable[[float], None] = time.sleep

    def create(
        self,
        *,
        for_: str | timedelta,
        gpu: str | None = None,
        name: str | None = None,
        public_key: str | Path | None = None,
        at_end: AtEnd | str = AtEnd.TERMINATE,
        keep: bool = False,
        within: str | timedelta = "15m",
        reach: bool = True,
        **more: Any,
    ) -> Rental:
        """A machine for a `with` block: made and waited for at its beginning, ended at its end, whatever was raised.

        `for_`: from its request to its deadline (`"2h"`), which the deployment keeps also when this program dies.
        `gpu`: `"h100:8"`, on any cloud unless `provider` names one. `public_key`: a file, or the key itself; the usual one of
        ~/.ssh when left out. `at_end`: terminate, stop, or nothing. `keep`: while the block lasts, the deadline is moved ahead,
        so that always at least two thirds of `for_` are left. `within`: how long to wait until it can be reached; `reach`: until
        its SSH port answers, and not only until it runs. `more`: what else `POST /api/v1/instances` takes, such as
        `instance_type`, `provider`, `disk` or `tags`.
        """
        span = _span(for_)
        if keep and span < _KEPT_FROM:
            raise Refused("a deadline that is kept ahead is a minute long at least", 'for_="10m", keep=True')
        form = {
            "ssh_from": None,  # whoever the deployment lets in
            **more,
            "duration": f"{int(span.total_seconds())}s",
            "public_key": _key(public_key),
            **({"name": name} if name is not None else {}),
        }
        if gpu is not None:
            form["options"] = {**form.get("options", {}), "gpu": gpu}
            form.setdefault("provider", "any")
        end = _at_end(at_end)
        if end is AtEnd.TERMINATE:
            form.setdefault("on_expiry", "terminate")
        return Rental(self, form, at_end=end, keep=span if keep else None, within=_span(within), reach=reach)

    def machine(self, name: str) -> Machine:
        """One that there is, by its name, our id or the cloud's. Raises NoSuchInstance."""
        return Machine(self, self.get("/instances", {"id": [name]})["items"][0])

    def machines(self, q: str = "") -> list[Machine]:
        """Those that live, by a filter as `im list` has it: `owner=me status=running`."""
        found: list[Machine] = []
        query: dict[str, Any] = {"q": q, "limit": 200}
        while True:
            page = self.get("/instances", query)
            found += [Machine(self, one) for one in page["items"]]
            if not page["next"]:
                return found
            query["cursor"] = page["next"]

    # ---- asking: each time over a connection of its own, which no other thread and no interrupted question has touched ---

    def get(self, path: str, query: dict[str, Any] | None = None, *, patience: float = 0) -> Any:
        with self._link() as link:
            return link.get(path, query, patience=patience)

    def post(self, path: str, body: object, *, key: str | None = None) -> Any:
        with self._link() as link:
            return link.post(path, body, key=key)

    def rehearse(self, path: str, body: object) -> Any:
        """What a POST would come to; nothing is stored."""
        with self._link() as link:
            return link.rehearse(path, body)

    @property
    def environment(self) -> dict[str, str]:
        """For a command of `im` that is to speak to the same API."""
        return {**os.environ, "IM_API_URL": self._place.url, "IM_TOKEN": self._place.token}

    @contextmanager
    def _link(self) -> Iterator[Link]:
        link = Link(self._place, pause=self.pause)
        try:
            yield link
        except ImError as exc:  # a traceback shows the message alone
            if exc.hint:
                exc.add_note(f"Next: {exc.hint}")
            raise
        finally:
            link.close()


def _place(url: str | None, token: str | None) -> Place:
    if url is not None and token is not None:
        return Place(check_url(url), token, "the program")
    named = {"IM_API_URL": url, "IM_TOKEN": token}
    place = find({**os.environ, **{name: value for name, value in named.items() if value is not None}})
    if place is None:
        raise NotSignedIn("no API is named", "set IM_API_URL and IM_TOKEN, or im login URL")
    return place


def _span(said: str | timedelta) -> timedelta:
    return said if isinstance(said, timedelta) else parse_duration(said)


def _at_end(said: AtEnd | str) -> AtEnd:
    try:
        return AtEnd(said)
    except ValueError:
        raise Refused(f"at_end is none of {', '.join(AtEnd)}", 'at_end="terminate"') from None


def _key(said: str | Path | None) -> str:
    from im.cli.options.public_key import read_public_key

    if isinstance(said, str) and " " in said.strip() and not Path(said).is_file():
        return said
    if said is not None:
        return read_public_key(Path(said))
    usual = (Path("~/.ssh").expanduser() / name for name in _KEYS)
    return read_public_key(next((one for one in usual if one.is_file()), None))
