"""The tasks: a doorbell in, a service called, a sentence out. What is done follows from the rows, never from the message."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from im.domain.errors import ImError
from im.failpoints import Point, reach
from im.logs import log
from im.queue.tasks import Task
from workers.messages import checked

if TYPE_CHECKING:
    from celery import Celery

    from im.context import Context


def register(app: Celery, context: Callable[[], Context]) -> None:
    """Name every task explicitly: autodiscovery hides import errors (celery#3697)."""

    def answer(task: Task, work: Callable[[Context, Sequence[str]], str]) -> None:
        def run(ids: object = ()) -> str:
            ctx = context()  # opened first, for with it the failpoints of this process are armed
            reach(Point.TASK_TAKEN, task)
            known = checked(ids)
            return _report(task, work(ctx, known) if known is not None else "refused: not a list of ids")

        # what has a sentence for people needs no traceback: the database is away, say
        app.task(name=task.value, throws=(ImError,))(run)

    for verb in (Task.CREATE, Task.ADOPT, Task.EXTEND, Task.START, Task.STOP, Task.TERMINATE, Task.PROTECT):
        answer(verb, reconcile)
    answer(Task.REFRESH, refresh)
    answer(Task.REFRESH_SCOPE, refresh_scope)
    answer(Task.ENFORCE_TTL, enforce_ttl)
    answer(Task.PRICES, prices)
    answer(Task.GC, gc)
    answer(Task.NOTIFY, notify)
    answer(Task.WEBHOOK, webhook)
    answer(Task.GUARD, guard)
    answer(Task.PRUNE, prune)


def reconcile(ctx: Context, ids: Sequence[str]) -> str:
    from im.services.reconcile.scope import reconcile

    return reconcile(ctx, ids)


def refresh(ctx: Context, _ids: Sequence[str]) -> str:
    from im.services.refresh.tick import refresh

    return refresh(ctx)


def refresh_scope(ctx: Context, ids: Sequence[str]) -> str:
    from im.services.refresh.scope import refresh_scopes

    named = (i.partition("/") for i in ids)
    return refresh_scopes(ctx, [(number, zone) for n, _, zone in named for number in _numbers([n])])


def enforce_ttl(ctx: Context, ids: Sequence[str]) -> str:
    from im.services.deadlines.enforce import enforce_ttl

    return enforce_ttl(ctx, ids)


def prices(ctx: Context, ids: Sequence[str]) -> str:
    from im.services.money.prices import refresh_prices

    return refresh_prices(ctx, ids)


def notify(ctx: Context, _ids: Sequence[str]) -> str:
    from im.services.deadlines.notices import notify

    return notify(ctx)


def webhook(ctx: Context, _ids: Sequence[str]) -> str:
    from im.services.webhooks.send import send

    return send(ctx)


def guard(ctx: Context, ids: Sequence[str]) -> str:
    from im.services.reconcile.scope import reconcile_scopes

    return reconcile_scopes(ctx, _numbers(ids))


def gc(ctx: Context, _ids: Sequence[str]) -> str:
    from im.services.leftovers import collect

    return collect(ctx)


def prune(ctx: Context, _ids: Sequence[str]) -> str:
    from im.services.history import prune

    return prune(ctx)


def _numbers(ids: Sequence[str]) -> list[int]:
    """Of scopes; what is no number is none of ours."""
    return [int(i) for i in ids if i.isdecimal() and len(i) < 10]


def _report(task: Task, sentence: str) -> str:
    reach(Point.TASK_DONE, task)
    idle = sentence.startswith(("nothing", "another"))
    (log.debug if idle else log.info)(sentence, task=task.value)
    return sentence
