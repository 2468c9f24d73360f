"""Flower's figures for Prometheus ask for the password that its pages ask for; Flower itself leaves them open.

They name workers, tasks and queues. A scraper logs in (its `basic_auth`); where Flower was told to ask nobody, it asks nobody here.
"""

from __future__ import annotations

import sys
from typing import Any

from celery import signals


def close_to_strangers() -> None:
    """Wherever Flower is what this process runs: it sends Celery's `import_modules` before it listens."""
    signals.import_modules.connect(_protect, weak=False, dispatch_uid="im.metrics")


def _protect(**_: Any) -> None:
    monitor = sys.modules.get("flower.views.monitor")  # every Celery command loads it, and only Flower's serves it
    if monitor is None or getattr(monitor.Metrics.get, "__wrapped__", None):
        return
    from tornado.web import authenticated

    monitor.Metrics.get = authenticated(monitor.Metrics.get)
