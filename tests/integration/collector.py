"""A worker that answers `im gc` while the command waits."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

from im.queue.tasks import Task
from tests.world import World


@contextmanager
def collecting(world: World) -> Iterator[None]:
    over = Event()

    def answer() -> None:
        while not over.wait(0.05):
            if any(bell.task is Task.GC for bell in world.queue.waiting):
                world.queue.waiting[:] = [bell for bell in world.queue.waiting if bell.task is not Task.GC]
                world.answer(Task.GC)

    worker = Thread(target=answer)
    worker.start()
    try:
        yield
    finally:
        over.set()
        worker.join()
