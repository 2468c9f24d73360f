"""Asking an `im web`: each request once in its effect, again where that is safe, and told as it is where nobody can know."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from urllib.parse import urlencode

from im import __version__
from im.cli.backend.place import Place
from im.cli.backend.remote.problem import NotOurs, Unforeseen, check_version, document, mismatch
from im.cli.backend.remote.wire import Answer, Cut, Unsent, Wire
from im.domain.errors import ImError, Unavailable, Uncertain
from im.version import HEADER, too_far_apart

API = "/api/v1"
TRIES = 3
LONGEST_PAUSE = 10.0
"""Seconds that a server may ask to be left alone for, and is."""

T = TypeVar("T")


class Link:
    """`pause` and `wire` are a test's to replace; `headers` go with every request."""

    def __init__(
        self,
        place: Place,
        *,
        wire: Wire | None = None,
        pause: Callable[[float], None] = time.sleep,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.place = place
        self._headers = dict(headers or {})
        self._wire = wire or Wire(place.url)
        self._pause = pause
        self._theirs = ""

    @property
    def where(self) -> str:
        """For people: no path, and nothing that could be secret."""
        return self._wire.origin

    def close(self) -> None:
        self._wire.close()

    # ---- three kinds of requests -------------------------------------------------------------------------------------

    def get(self, path: str, query: Mapping[str, Any] | None = None, *, patience: float = 0) -> Any:
        """It changes nothing, and may be asked again."""
        asked = {name: value for name, value in (query or {}).items() if value not in (None, False, ())}
        words = {name: "true" if value is True else value for name, value in asked.items()}
        whole = f"{path}?{urlencode(words, doseq=True)}" if words else path
        return self._asked("GET", whole, None, {}, again=True, patience=patience)

    def outside(self, path: str) -> Any:
        """What is told to everybody, beside the API."""
        return self._asked("GET", path, None, {}, again=True, root="")

    def text(self, path: str) -> str:
        """What is no document."""
        told: str = self._asked("GET", path, None, {}, again=True, root="", as_text=True)
        return told

    def put(self, method: str, path: str, body: object = None) -> Any:
        """PUT, DELETE and PATCH: twice is the same as once."""
        return self._asked(method, path, body, {}, again=True, stores=True)

    def post(self, path: str, body: object = None, *, once: bool = True, key: str | None = None) -> Any:
        """Under a key of its own, so that the server does it once however often it hears of it; without `once` it is said once.

        `key`: the one under which it was asked for before.
        """
        headers = {"Idempotency-Key": key or os.urandom(16).hex()} if once else {}
        return self._asked("POST", path, body, headers, again=once, stores=True)

    def rehearse(self, path: str, body: object) -> Any:
        return self._asked("POST", f"{path}?dry_run=true", body, {}, again=True)

    def read(self, reader: Callable[[Any], T], told: Any, *, stored: bool = False) -> T:
        """What `reader` makes of a document. Raises Unavailable for one that this version does not understand."""
        try:
            return reader(told)
        except (LookupError, TypeError, ValueError, ArithmeticError, AttributeError) as exc:
            if too_far_apart(self._theirs, __version__):
                raise mismatch(self._theirs, self.where) from exc
            what = f"{self.where} runs im {self._theirs[:20]} and says what this im ({__version__}) does not understand"
            if stored:
                raise Uncertain(f"{what}; what was asked for is stored", "im list  shows it") from exc
            raise Unavailable(what, "install the same version here") from exc

    # ---- again, or not -----------------------------------------------------------------------------------------------

    def _asked(
        self,
        method: str,
        path: str,
        body: object,
        headers: Mapping[str, str],
        *,
        again: bool,
        stores: bool = False,
        patience: float = 0,
        root: str = API,
        as_text: bool = False,
    ) -> Any:
        data = None if body is None else json.dumps(body).encode()
        sent = {
            "Authorization": f"Bearer {self.place.token}",
            "Accept": "application/json",
            "User-Agent": f"im/{__version__}",
            HEADER: __version__,
            **self._headers,
            **({"Content-Type": "application/json"} if data is not None else {}),
            **headers,
        }
        doubt: ImError | None = None
        for attempt in range(TRIES):
            if attempt:
                self._pause(0.3 * 2**attempt)
            try:
                answer = self._wire.ask(method, root + path, data, sent, fresh=not again, patience=patience)
                if self._is_to_wait(answer, attempt):
                    continue
                if as_text and answer.status == 200 and answer.header(HEADER):
                    return answer.body.decode("utf-8", "replace")
                return self._told(answer, stores=stores)
            except Unsent as exc:
                failed: ImError = Unavailable(f"{self.where} does not answer: {exc.args[0]}", "im doctor  says more")
                if attempt == 0:  # nobody listens: there is no use in going on
                    raise failed from None
            except Cut as exc:
                doubt = failed = self._cut(exc.args[0], stores=stores)
            except Unforeseen as exc:
                if not stores:
                    raise
                told = f"{exc.message}: whether it was stored, nobody knows"
                raise Uncertain(told, "im list, or im history NAME, shows which") from None
            except NotOurs as exc:
                doubt = failed = self._not_ours(exc, stores=stores)
                if not exc.passing:
                    raise failed from None
            if not again or attempt == TRIES - 1:
                raise (doubt or failed) from None
        raise AssertionError("unreachable")

    def _told(self, answer: Answer, *, stores: bool) -> Any:
        self._theirs = answer.header(HEADER) or self._theirs
        if not stores or answer.status >= 300:  # what was stored is not called refused
            check_version(answer, self.where)
        return document(answer, self.where)

    def _is_to_wait(self, answer: Answer, attempt: int) -> bool:
        """The server asks for a pause: it has done nothing, or is just doing the same for us."""
        if answer.status not in (409, 429) or attempt == TRIES - 1 or not answer.header(HEADER):
            return False
        if answer.status == 409:
            return b'"in_progress"' in answer.body
        after = answer.header("retry-after")
        self._pause(min(float(after) if after.isdecimal() else 1.0, LONGEST_PAUSE))
        return True

    def _cut(self, why: str, *, stores: bool) -> ImError:
        if stores:
            told = f"{self.where} was asked and did not answer ({why}): it may be stored, or not"
            return Uncertain(told, "im list, or im history NAME, shows which")
        return Unavailable(f"{self.where} does not answer: {why}", "im doctor  says more")

    @staticmethod
    def _not_ours(exc: NotOurs, *, stores: bool) -> ImError:
        if stores:
            return Uncertain(f"{exc.message}: whether it was stored, nobody knows", "im list  shows whether")
        return Unavailable(exc.message, exc.hint)
