"""What a process counts: by few and bounded words, taken once, kept where it could not be written, and nobody's after a fork."""

from __future__ import annotations

import os

from im.counted import BEYOND, EVERY, MOST, OTHER, TALLY, TOTAL, Counter, Histogram

CALLS = Counter("calls", "", ("what",))
TOOK = Histogram("took", "", (1.0, 5.0), ("what",))


def test_what_is_taken_is_counted_once() -> None:
    CALLS.add("a")
    CALLS.add("a")
    assert TALLY.take() == {("calls", ("a",), ""): 2}
    assert TALLY.take() == {}


def test_what_could_not_be_written_is_added_to_what_came_since() -> None:
    CALLS.add("a")
    taken = TALLY.take()
    CALLS.add("a", by=2)
    TALLY.give_back(taken)
    assert TALLY.take() == {("calls", ("a",), ""): 3}


def test_a_bound_belongs_to_its_own_bucket() -> None:
    for seconds in (0.5, 1.0, 1.1, 9.0):
        TOOK.observe(seconds, "a")
    assert {part: value for (_, _, part), value in TALLY.take().items()} == {TOTAL: 11.6, "1.0": 2, "5.0": 1, BEYOND: 1}


def test_words_that_never_end_are_counted_together() -> None:
    TALLY.forget()
    for number in range(MOST + 50):
        CALLS.add(f"word {number}")
    told = TALLY.take()
    assert len(told) == MOST + 1
    assert told["calls", (OTHER,), ""] == 50
    TALLY.forget()


def test_a_child_counts_from_nothing() -> None:
    CALLS.add("the parent's")
    reads, writes = os.pipe()
    child = os.fork()
    if child == 0:
        CALLS.add("the child's")
        os.write(writes, repr(sorted(TALLY.take())).encode())
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(reads, 1000) == repr([("calls", ("the child's",), "")]).encode()
    os.close(reads)
    os.close(writes)
    assert ("calls", ("the parent's",), "") in TALLY.take()


def test_no_label_can_hold_a_name_an_id_a_token_or_an_address() -> None:
    labels = {label for one in EVERY.values() for label in one.labels}
    assert labels == {
        "provider",
        "desired",
        "tick",
        "operation",
        "route",
        "method",
        "step",
        "code",
        "verb",
        "limit",
        "outcome",
    }
