"""Claim → call → apply, once for every kind of work: what is committed when, and what an error of a call means."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest

from im.providers.errors import ProviderError, Throttled
from im.services.batches import Batch, Overtaken, Transaction, drive, finish

NOW = datetime(2030, 1, 1, tzinfo=UTC)


@dataclass
class Job:
    """Takes up `batches` one after the other, and writes down what happened in which order."""

    batches: list[list[str]]
    raises: BaseException | None = None
    told: str = ""
    happened: list[str] = field(default_factory=list)
    owners: list[str] = field(default_factory=list)

    def claim(self, tx: Transaction, owner: str) -> Batch[str] | None:
        self.owners.append(owner)
        if not self.batches:
            return None
        tx.after_commit(lambda: self.happened.append("claimed"))
        return Batch(owner, self.batches.pop(0), NOW, more=True, told=self.told)

    def call(self, batch: Batch[str]) -> str:
        self.happened.append("call " + " ".join(batch.rows))
        if self.raises is not None:
            raise self.raises
        return "done"

    def failed(self, batch: Batch[str], error: ProviderError) -> str:
        return f"failed: {error.message}"

    def apply(self, tx: Transaction, batch: Batch[str], answer: str) -> list[str]:
        self.happened.append("apply")
        tx.after_commit(lambda: self.happened.append("rung"))
        batch.more = answer == "done"
        return [f"{row} {answer}" for row in batch.rows]

    @property
    def ctx(self) -> Any:
        return cast(Any, SimpleNamespace(begin=self._begin))

    @contextmanager
    def _begin(self) -> Iterator[object]:
        self.happened.append("begin")
        try:
            yield object()
        except BaseException:
            self.happened.append("rolled back")
            raise
        self.happened.append("committed")


def test_a_claim_is_committed_before_the_call_and_doorbells_ring_after_the_last_commit() -> None:
    job = Job([["a", "b"]])
    assert drive(job.ctx, job, goes_on=iter([True, False]).__next__) == ["a done", "b done"]
    assert job.happened == ["begin", "committed", "claimed", "call a b", "begin", "apply", "committed", "rung"]


def test_batch_follows_batch_under_a_token_of_its_own_until_nothing_waits() -> None:
    job = Job([["a"], ["b"]])
    assert drive(job.ctx, job) == ["a done", "b done"]
    assert len(set(job.owners)) == 3


def test_an_error_of_the_call_is_the_answer_for_each_and_nothing_more_is_taken_up() -> None:
    job = Job([["a", "b"], ["c"]], raises=Throttled("slow down"))
    assert drive(job.ctx, job) == ["a failed: slow down", "b failed: slow down"]
    assert job.batches == [["c"]]


def test_a_fault_of_ours_fails_the_batch_in_words_that_may_be_shown_and_stops_nobody() -> None:
    job = Job([["a"]], raises=KeyError("secret"))
    assert drive(job.ctx, job) == ["a failed: unexpected KeyError; the worker's log has it"]


def test_a_batch_that_somebody_newer_has_is_left_to_him() -> None:
    job = Job([["a"]], raises=Overtaken("a: somebody newer works on it"))
    assert drive(job.ctx, job) == ["a: somebody newer works on it"]
    assert "apply" not in job.happened


def test_what_a_claim_has_settled_is_not_called() -> None:
    job = Job([["a"]], told="a: nobody wants it any more")
    assert drive(job.ctx, job) == ["a: nobody wants it any more"]
    assert job.happened == ["begin", "committed", "claimed", "begin", "committed"]


def test_nothing_rings_for_what_was_not_committed() -> None:
    class Breaks(Job):
        def apply(self, tx: Transaction, batch: Batch[str], answer: str) -> list[str]:
            super().apply(tx, batch, answer)
            raise ConnectionError

    job = Breaks([])
    with pytest.raises(ConnectionError):
        finish(job.ctx, job, Batch("mine", ["a"], NOW))
    assert job.happened == ["call a", "begin", "apply", "rolled back"]
