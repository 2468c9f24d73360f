"""When a silent worker ends itself, and when its silence is no fault of its own."""

from __future__ import annotations

from workers.watchdog import Silence


def test_it_ends_after_its_patience_when_messages_wait_and_none_is_taken() -> None:
    silence = Silence(patience=120, taken_at=0)
    assert not silence.judge(1000, waiting=3, busy=0)
    assert not silence.judge(1119, waiting=3, busy=0)
    assert silence.judge(1120, waiting=3, busy=0)


def test_nothing_waits_nothing_is_wrong() -> None:
    silence = Silence(patience=120, taken_at=0)
    assert not any(silence.judge(now, waiting=0, busy=0) for now in range(0, 10_000, 15))


def test_a_queue_that_was_empty_in_between_starts_the_count_anew() -> None:
    silence = Silence(patience=120, taken_at=0)
    silence.judge(1000, waiting=3, busy=0)
    silence.judge(1100, waiting=0, busy=0)
    assert not silence.judge(1130, waiting=3, busy=0)
    assert silence.judge(1250, waiting=3, busy=0)


def test_a_worker_with_its_hands_full_is_left_alone() -> None:
    silence = Silence(patience=120, taken_at=0)
    assert not any(silence.judge(now, waiting=3, busy=1) for now in range(0, 10_000, 15))


def test_a_slow_worker_that_takes_one_now_and_then_is_left_alone() -> None:
    silence = Silence(patience=120, taken_at=0)
    for now in range(0, 10_000, 15):
        if now % 90 == 0:
            silence.taken_at = now
        assert not silence.judge(now + 1, waiting=3, busy=0)
