"""Which of two servers with the same data acts: decided by when they were started, where they are, and who moves the mark."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from im.domain.mark import Known, Mark, Server, Verdict, Watch, following, judge, newest, parse_mark, tag_of

NOW = datetime(2030, 1, 1, 12, 0, tzinfo=UTC)
BORN = datetime(2029, 12, 1, 8, 0, 0, 123456, tzinfo=UTC)
LATER = BORN + timedelta(days=20)
HERE = Server("10.0.0.1 5432", BORN)


def mark(ago: float, *, term: int = 1, started: datetime = BORN, nonce: str = "aa") -> Mark:
    return Mark(term, NOW - timedelta(seconds=ago), started, nonce)


KNOWN = Known(HERE, mark(20), mark(50))
RESTARTED = replace(HERE, started=LATER)
ELSEWHERE = Server("10.0.0.2 5432", LATER)
ALIEN = mark(5, nonce="bb")


def ruled(known: Known, here: Server, seen: Mark | None, *, living: bool = True) -> Verdict:
    return judge(known, here, seen, NOW, living=living)[0]


def watched(seen: list[Mark | None], every: float = 10) -> list[Verdict]:
    """What a server in another place rules at each of these looks."""
    known, told = KNOWN, []
    for number, one in enumerate(seen):
        verdict, watch = judge(known, ELSEWHERE, one, NOW + timedelta(seconds=every * number), living=True)
        known = replace(known, watch=watch)
        told.append(verdict)
    return told


def test_a_mark_is_read_as_it_was_written_and_sorts_as_text() -> None:
    marks = sorted([mark(5), mark(50), mark(500, term=2), mark(5, nonce="b0"), mark(5, started=LATER)])
    assert [parse_mark(str(one)) for one in marks] == marks
    assert sorted(map(str, marks)) == list(map(str, marks))
    assert marks[-1].term == 2


@pytest.mark.parametrize("written", ["", None, "mine", "000001-20301301000000-20300101000000000000-aa", "x" * 300])
def test_what_nobody_here_wrote_is_no_mark(written: str | None) -> None:
    assert parse_mark(written) is None


def test_of_several_marks_the_newest_counts() -> None:
    tags = [tag_of(mark(50), 7), "somebody's", tag_of(mark(20), 7)]
    assert newest(tags, 7) == mark(20)
    assert newest([], 7) is None


def test_two_names_of_one_account_have_a_mark_each() -> None:
    assert newest([tag_of(mark(50), 7), tag_of(mark(20), 17)], 7) == mark(50)
    assert len(tag_of(mark(20), 10**9)) <= 63


@pytest.mark.parametrize("seen", [None, mark(20), mark(50), mark(900)])
def test_the_server_that_acted_goes_on_while_the_mark_is_its_own_or_late(seen: Mark | None) -> None:
    assert ruled(KNOWN, HERE, seen) is Verdict.ACTS


@pytest.mark.parametrize("seen", [None, mark(20), mark(50), mark(900)])
def test_a_restart_goes_on_at_once_also_when_it_came_between_the_row_and_the_cloud(seen: Mark | None) -> None:
    assert ruled(KNOWN, RESTARTED, seen) is Verdict.SETTLES


def test_a_restart_under_an_alien_mark_watches() -> None:
    assert ruled(KNOWN, RESTARTED, ALIEN) is Verdict.WATCHES


def test_another_place_watches_whatever_the_mark() -> None:
    assert {ruled(KNOWN, ELSEWHERE, seen) for seen in (None, mark(20), ALIEN)} == {Verdict.WATCHES}


def test_where_nothing_lives_there_is_nothing_to_watch() -> None:
    assert ruled(KNOWN, ELSEWHERE, None, living=False) is Verdict.SETTLES
    assert ruled(KNOWN, ELSEWHERE, ALIEN, living=False) is Verdict.WATCHES, "others know of machines there"


def test_the_first_server_there_ever_was_settles() -> None:
    assert ruled(Known(), HERE, None) is Verdict.SETTLES
    assert ruled(Known(), HERE, ALIEN) is Verdict.WATCHES


def test_a_mark_that_stays_for_a_minute_is_taken_over() -> None:
    assert watched([mark(20)] * 7) == [Verdict.WATCHES] * 6 + [Verdict.TAKES_OVER]


def test_a_mark_that_goes_on_moving_makes_it_a_copy() -> None:
    moving = [mark(20), mark(20), mark(-10), mark(-10), mark(-10), mark(-40)]
    assert watched(moving) == [Verdict.WATCHES] * 5 + [Verdict.HOLDS]


def test_the_last_move_of_a_server_that_has_just_ended_only_makes_the_minute_begin_anew() -> None:
    assert watched([mark(20)] + [mark(-5)] * 7) == [Verdict.WATCHES] * 7 + [Verdict.TAKES_OVER]


def test_a_mark_whose_machine_goes_away_has_not_moved() -> None:
    assert watched([mark(20)] * 3 + [None] * 4) == [Verdict.WATCHES] * 6 + [Verdict.TAKES_OVER]


def test_while_nobody_could_look_the_minute_does_not_pass() -> None:
    assert watched([mark(20)] * 3, every=300)[:2] == [Verdict.WATCHES] * 2
    assert watched([mark(20)] * 3, every=300)[2] is Verdict.TAKES_OVER


def test_another_run_begins_its_watch_anew() -> None:
    old = Watch(BORN, NOW - timedelta(hours=1), NOW, mark(20))
    assert ruled(replace(KNOWN, watch=old), ELSEWHERE, mark(20)) is Verdict.WATCHES


def test_whoever_misses_more_than_a_failover_loses_was_restored() -> None:
    """A mark is moved every half minute; what is known here is the mark of 20 s ago."""
    assert watched([mark(-25)] * 7)[-1] is Verdict.TAKES_OVER, "45 s: the promoted standby missed one move"
    assert watched([mark(-26)] * 7)[-1] is Verdict.RESTORED
    assert watched([mark(-3600)] * 7) == [Verdict.WATCHES] * 6 + [Verdict.RESTORED]
    moved_twice = [mark(-3600)] * 3 + [mark(-3630), mark(-3660)]
    assert watched(moved_twice) == [Verdict.WATCHES] * 4 + [Verdict.HOLDS], "somebody is at work"
    assert not Verdict.RESTORED.acts


def test_rows_that_were_put_back_under_a_server_do_not_know_the_mark_that_it_set() -> None:
    assert ruled(KNOWN, HERE, mark(5, nonce="bb")) is Verdict.RESTORED


def test_who_knows_no_mark_where_there_is_one_was_restored() -> None:
    watching = Watch(BORN, NOW - timedelta(seconds=70), NOW - timedelta(seconds=10), ALIEN)
    assert ruled(Known(watch=watching), HERE, ALIEN) is Verdict.RESTORED


def test_who_sees_a_higher_term_was_succeeded_and_holds() -> None:
    assert ruled(KNOWN, HERE, mark(5, term=2)) is Verdict.HOLDS


def test_who_sees_a_lower_term_goes_on_and_says_that_a_copy_acts() -> None:
    acting = Known(HERE, mark(20, term=2), mark(50, term=1))
    assert ruled(acting, HERE, ALIEN) is Verdict.RIVAL


def test_of_two_under_one_term_the_one_that_was_started_later_holds() -> None:
    assert ruled(KNOWN, HERE, mark(5, started=LATER)) is Verdict.RIVAL
    later = Known(RESTARTED, mark(20, started=LATER), mark(50))
    assert ruled(later, RESTARTED, mark(5)) is Verdict.HOLDS


def test_a_hold_ends_by_nothing_that_is_seen() -> None:
    assert ruled(replace(KNOWN, held=True), HERE, mark(20)) is Verdict.HOLDS


def test_the_next_mark_keeps_its_term_and_the_one_before_it() -> None:
    assert following(KNOWN, RESTARTED, mark(20), NOW, "cc", over=False) == (
        mark(0, started=LATER, nonce="cc"),
        mark(20),
    )
    assert following(Known(), HERE, None, NOW, "cc", over=False) == (mark(0, nonce="cc"), None)


def test_who_takes_over_goes_above_all_that_was_seen() -> None:
    new, before = following(KNOWN, ELSEWHERE, mark(500, term=7), NOW, "cc", over=True)
    assert (new.term, before) == (8, mark(500, term=7))
    assert Known(ELSEWHERE, new, before).is_alien(mark(500, term=7)) is False
