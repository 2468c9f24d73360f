"""People who look at the page of a real `im web`: each has a stream, and asks for the page again when it rings, as browsers do."""

from __future__ import annotations

import http.client
import json
import random
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from tests.benchmarks.served import Asking
from tests.waiting import until

SOON, ONCE = 0.3, 1.0
"""As static/stream.js: a look within SOON of the ring, and ONCE between two looks of one browser."""


@dataclass
class Viewers:
    """`looks` are the seconds that each look took, of all of them."""

    looks: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    open: int = 0


@contextmanager
def viewers(port: int, tokens: Sequence[str]) -> Iterator[Viewers]:
    """So many open pages as there are tokens, from here to the end of the block."""
    told, ending, lock = Viewers(), threading.Event(), threading.Lock()
    threads = [threading.Thread(target=_watch, args=(port, one, told, lock, ending), daemon=True) for one in tokens]
    for one in threads:
        one.start()
    until("viewers with a stream each", lambda: told.open == len(tokens))
    try:
        yield told
    finally:
        ending.set()
        for one in threads:
            one.join(20)


def _watch(port: int, token: str, told: Viewers, lock: threading.Lock, ending: threading.Event) -> None:
    stream = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    stream.request("GET", "/api/v1/events/stream?page=%2F", headers={"Authorization": f"Bearer {token}"})
    answer, page, last = stream.getresponse(), Asking(port), 0.0
    with lock:
        told.open += 1
    try:
        while not ending.is_set():
            if not (line := answer.readline()).startswith(b"data: "):
                continue
            at = datetime.fromisoformat(json.loads(line[6:])["at"])
            ending.wait(max(random.random() * SOON, last + ONCE - time.monotonic()))
            last = time.monotonic()
            status, _ = page.get(
                "/", token, HX_Request="true", Accept="text/html", IM_Since=str(int(at.timestamp() * 1000) + 1)
            )
            with lock:
                told.looks.append(time.monotonic() - last)
                if status != 200:
                    told.wrong.append(str(status))
    except OSError as exc:
        with lock:
            told.wrong.append(type(exc).__name__)
    finally:
        stream.close()
        page.close()
