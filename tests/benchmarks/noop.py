"""The floor of P8: a Celery application with our settings, and one task that does nothing."""

from __future__ import annotations

from celery import Celery

from im.queue.celery import broker_settings
from im.settings import Settings
from workers.app import worker_settings

app = Celery("noop", set_as_current=True)
app.conf.update(broker_settings(Settings.from_env()))
app.conf.update(worker_settings() | {"beat_schedule": {}})


@app.task(name="bench.noop")
def noop(ids: object = ()) -> None:
    """Nothing."""
