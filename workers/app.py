"""Builds the Celery application: every setting with its reason."""

from __future__ import annotations

import logging
from typing import Any

from celery import Celery, signals
from celery.worker.control import Panel
from kombu.transport import TRANSPORT_ALIASES

from beat_schedule import BEAT_SCHEDULE
from im import logs
from im.db.schema import migrate
from im.domain.errors import Refused, Unavailable
from im.queue.celery import broker_settings
from im.settings import Settings
from workers import messages, metrics, pool, process, tasks
from workers.watchdog import Watchdog

SOFT_LIMIT, HARD_LIMIT = 150, 180
"""Seconds. Both are far above what the time-outs of Postgres and of the cloud's clients allow one task to take."""

LAST_CALLS = 33.0
"""Seconds for which a process that is to end waits for a call that it left to itself: 3 to connect, 30 to read."""


_OURS = {
    "redis": "workers.transport:Transport",
    "rediss": "workers.transport:Transport",
    "sentinel": "workers.transport:SentinelTransport",
}
"""Every connection goes through our door, whatever way the broker's URL is written; loaded with the first of them."""


def make_app(settings: Settings) -> Celery:
    """The application for `settings`. Nothing is connected here: each process opens its own connections after the fork."""
    TRANSPORT_ALIASES.update(_OURS)
    for name in set(Panel.data) - messages.COMMANDS:
        del Panel.data[name]  # all that a remote control could change
    app = Celery("im", set_as_current=True)
    app.conf.update(broker_settings(settings))
    app.conf.update(worker_settings())
    context = process.ContextOfProcess(settings)
    tasks.register(app, context)
    _wire_signals(settings, context)
    metrics.close_to_strangers()
    return app


def refuse_a_newer_schema(database_url: str) -> None:
    """Raises SystemExit, in words, in a program that is too old for the database; a database that is away is waited for."""
    try:
        migrate.check_fits(database_url)
    except Refused as exc:
        raise SystemExit(f"im: {exc.message}. Next: {exc.hint}") from None
    except Unavailable as exc:
        logs.log.warning("the database could not be asked whether this version may work on it", error=exc.message)


def worker_settings() -> dict[str, Any]:
    return {
        "beat_schedule": BEAT_SCHEDULE,
        # in memory: the persistent scheduler's file is a liability with ticks of seconds, and the database claims the slots
        "beat_scheduler": "celery.beat:Scheduler",
        "beat_max_loop_interval": 1,
        "worker_consumer": "workers.consumer:Consumer",
        "task_acks_late": True,
        "worker_prefetch_multiplier": 1,
        "task_soft_time_limit": SOFT_LIMIT,
        "task_time_limit": HARD_LIMIT,
        # off: a poison message would be run again and again (celery#9082); the next tick rings for what is unsettled
        "task_reject_on_worker_lost": False,
        "worker_cancel_long_running_tasks_on_connection_loss": False,
        "worker_soft_shutdown_timeout": 30,
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,
        # a broker that takes no writes (out of memory, read-only) would end the worker, and its sweeper with it
        "broker_channel_error_retry": True,
        "worker_send_task_events": True,
        "task_send_sent_event": True,
        "worker_hijack_root_logger": False,
        "worker_max_tasks_per_child": 10_000,
    }


def _wire_signals(settings: Settings, context: process.ContextOfProcess) -> None:
    # weak=False: the functions live only here, and a signal holds its receivers weakly
    def log_through_ours(**_: object) -> None:
        logs.configure(settings.log_level, settings.log_format)
        if settings.log_level != "debug":
            # each task says itself what it did
            for name in ("celery.app.trace", "celery.worker.strategy", "celery.beat"):
                logging.getLogger(name).setLevel(logging.WARNING)

    def ring_at_once(sender: Any, **_: object) -> None:
        """After a pause nobody waits a whole period for the first tick."""
        refuse_a_newer_schema(settings.database_url)
        for entry in BEAT_SCHEDULE.values():
            sender.app.send_task(entry["task"])

    def know_the_name(sender: str, **_: object) -> None:
        context.name = sender

    sweepers = process.Sweepers(context)

    def start_sweeping(**_: object) -> None:
        sweepers.start()

    def look_at_the_pool(sender: Any, **_: object) -> None:
        """`sender` is the worker, before it has connected to anything. Where no children do the work, this process sweeps."""
        refuse_a_newer_schema(settings.database_url)
        if not pool.forks(sender.pool_cls):
            sweepers.start()

    def finish_the_calls(**_: object) -> None:
        context.finish(LAST_CALLS)

    dogs: list[Watchdog] = []

    def watch_the_consumer(sender: Any, **_: object) -> None:
        """`sender` is the consumer that became ready; it does so again after a lost connection, and is watched already."""
        if not dogs:
            dogs.append(Watchdog(sender.app, list(sender.app.amqp.queues.consume_from), settings.patience))
            signals.task_received.connect(dogs[0].taken, weak=False)
            dogs[0].start()

    signals.celeryd_init.connect(know_the_name, weak=False)
    signals.worker_ready.connect(watch_the_consumer, weak=False)
    signals.worker_init.connect(look_at_the_pool, weak=False)
    signals.worker_process_init.connect(start_sweeping, weak=False)
    signals.worker_process_shutdown.connect(finish_the_calls, weak=False)
    signals.setup_logging.connect(log_through_ours, weak=False)
    signals.beat_init.connect(ring_at_once, weak=False)
