"""Structured logs on stdout: a readable line for people, JSON for machines; no secret that this process knows gets through."""

from __future__ import annotations

import sys
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, Any, TextIO, cast

from im.secret import conceal

if TYPE_CHECKING:
    from structlog.stdlib import BoundLogger


class _Beside:
    """stderr, which may be full or closed: a line that cannot be written must not read as if the work had failed."""

    def write(self, line: str) -> None:
        with suppress(OSError, ValueError):
            sys.stderr.write(line)

    def flush(self) -> None:
        with suppress(OSError, ValueError):
            sys.stderr.flush()


class _OnFirstLine:
    """structlog brings rich and costs 0.1 s to import; a command line that has nothing to log never pays it."""

    to_stderr: bool | None = None
    """Set by a command line: its stdout belongs to the answer. True shows every line, False none."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._logger, name)

    @cached_property
    def _logger(self) -> Any:
        import logging

        import structlog

        if self.to_stderr is not None:
            level = logging.DEBUG if self.to_stderr else logging.CRITICAL
            structlog.configure(
                wrapper_class=structlog.make_filtering_bound_logger(level),
                logger_factory=lambda *_: structlog.PrintLogger(cast("TextIO", _Beside())),
            )
        return structlog.get_logger("im")


_log = _OnFirstLine()
log = cast("BoundLogger", _log)


def only_to_stderr(*, verbose: bool) -> None:
    """For a command line: lines go to stderr when `verbose`, else nowhere."""
    _log.to_stderr = verbose
    _log.__dict__.pop("_logger", None)


def configure(level: str = "info", form: str = "console") -> None:
    """Send our own and every library's log through one pipe to stdout. `level` in debug, info, warn, error."""
    import logging

    import structlog

    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _conceal_values,
    ]
    render: Any = (
        structlog.processors.JSONRenderer()
        if form == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stdout.isatty(), pad_event_to=0)
    )
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, render],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    least = logging.getLevelNamesMapping()[level.upper()]
    root.setLevel(least)
    for chatty in ("botocore", "boto3", "urllib3", "kombu", "amqp", "celery.utils.functional"):
        logging.getLogger(chatty).setLevel(max(least, logging.WARNING))


def _conceal_values(_logger: Any, _method: str, event: Any) -> Any:
    return {key: conceal(value) if isinstance(value, str) else value for key, value in event.items()}
