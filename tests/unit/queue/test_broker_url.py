"""The broker's address: what cannot be rung with is refused before anything is stored, and no password is repeated."""

from __future__ import annotations

import pytest

from im.broker import check, shown
from im.channels.mail import Mail
from im.domain.errors import Refused
from im.queue.celery import CeleryQueue
from im.queue.tasks import Task
from im.settings import Settings

USELESS = (
    *("redis://:hunter2#x@127.0.0.1:1/0", "redis://:x[hunter2@127.0.0.1:1/0", "redis://:x/hunter2@127.0.0.1:1/0"),
    *("redis://:12/hunter2@127.0.0.1:1/0", "redis://:x?hunter2@127.0.0.1:1/0", "redis://:x hunter2@h/0"),
    *("redis://127.0.0.1:1/0?password=hunter2", "redis://h/0?hunter2=1", "redis://h:hunter2/0", "redis://h/hunter2"),
    *(
        "sentinel://:hunter2@h:26379",
        "amqp://u:hunter2@h",
        "hunter2",
        "redis:hunter2",
        "redis://",
        "redis://:hunter2@/0",
    ),
    *("rediss://:hunter2@h/0?ssl_cert_reqs=hunter2", "redis://:hunter2@h1:1,h2:2/0"),
)


@pytest.mark.parametrize("url", USELESS)
def test_what_cannot_be_rung_with_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(Refused, match="IM_BROKER_URL") as refused:
        check(url)
    assert "hunter2" not in f"{refused.value} {refused.value.hint} {shown(url)}"
    assert refused.value.__cause__ is None


@pytest.mark.parametrize("url", USELESS)
def test_a_doorbell_never_raises_whatever_the_address(url: str) -> None:
    assert CeleryQueue(Settings(broker_url=url)).ring(Task.CREATE, ["i"]) is False


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("redis://:hunter2@127.0.0.1:1/0", "redis://127.0.0.1:1/0"),
        ("redis://im:hun%23ter@h/3", "redis://im@h/3"),
        ("redis://:x@hunter2@h/3", "redis://h/3"),
        ("redis://hunter2@h/3", "redis://h/3"),
        ("rediss://:hunter2@[::1]:7/0?ssl_cert_reqs=required", "rediss://[::1]:7/0"),
    ],
)
def test_what_is_shown_is_built_from_its_parts(url: str, told: str) -> None:
    assert shown(url) == told


@pytest.mark.parametrize(
    "url",
    [
        *("smtps://u:hunter2#x@h", "smtps://u:x[hunter2@h", "smtps://u:1/hunter2@h", "hunter2", "ftp://u:hunter2@h"),
        *("smtps://h?password=hunter2", "smtp://u:hunter2@h"),
    ],
)
def test_a_mail_server_that_cannot_be_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(Refused, match="IM_NOTICE_SMTP") as refused:
        Mail(url, "im@example.com", "you@example.com")
    assert "hunter2" not in f"{refused.value} {refused.value.hint}"
