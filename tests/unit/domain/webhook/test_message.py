"""Messages by the standard's own example, and when one is sent again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from im.domain.errors import Refused
from im.domain.event import EventKind
from im.domain.webhook.kind import KIND_OF, WISHED, WebhookKind
from im.domain.webhook.message import PAUSES, headers, next_attempt, sign
from im.domain.webhook.webhook import make_secret, read_kinds

AT = datetime.fromtimestamp(1614265330, tz=UTC)
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # of the standard's example


def test_it_is_signed_as_the_standards_example_is() -> None:
    body = b'{"test": 2432232314}'
    assert sign(SECRET, "msg_p5jXN8AQM9LWM0D4loKWxJek", AT, body) == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_each_valid_secret_signs() -> None:
    other = make_secret(b"x" * 32)
    told = headers([other, SECRET], "msg_1", AT, b"{}")
    assert told["webhook-signature"] == f"{sign(other, 'msg_1', AT, b'{}')} {sign(SECRET, 'msg_1', AT, b'{}')}"
    assert (told["webhook-id"], told["webhook-timestamp"]) == ("msg_1", "1614265330")


def test_it_is_sent_ten_times_within_little_more_than_three_days() -> None:
    now, times = AT, 1
    while (again := next_attempt(times, now)) is not None:
        assert again > now
        now, times = again, times + 1
    assert times == 10 == len(PAUSES) + 1
    assert timedelta(days=3) < now - AT < timedelta(days=4)


def test_a_receiver_may_ask_for_a_longer_pause_and_for_no_shorter_one() -> None:
    assert next_attempt(1, AT, timedelta(minutes=10)) == AT + timedelta(minutes=10)
    assert next_attempt(2, AT, timedelta(seconds=1)) == AT + PAUSES[1]
    assert next_attempt(1, AT, timedelta(days=900)) == AT + timedelta(days=1)


def test_kinds_are_read_as_they_are_typed() -> None:
    assert read_kinds(["running, failed", "budget"]) == {
        WebhookKind.RUNNING,
        WebhookKind.FAILED,
        WebhookKind.BUDGET,
    }
    for wrong in (["test"], ["everything"], [""], [], ["running,nothing"]):
        with pytest.raises(Refused):
            read_kinds(wrong)


def test_every_kind_has_a_type_of_its_own_and_no_event_is_told_as_a_test() -> None:
    assert len({kind.type for kind in WebhookKind}) == len(WebhookKind)
    assert set(KIND_OF.values()) <= set(WISHED)
    assert set(KIND_OF) <= set(EventKind)
