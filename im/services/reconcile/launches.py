"""The launches of reconcile: one call for many slots, repeatable to the letter, and never a second machine for a slot.

A launch that was called may have happened, whatever we heard. So it is looked for by its token before it is asked for again,
asked for again only with the same token and request, and given up only on the cloud's definite word.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from im.providers.errors import ProviderError, Unauthenticated
from im.services.batches import Transaction, drive
from im.services.reconcile import launch_answers, launch_calls, launch_claims, launch_results, refusal
from im.services.reconcile.launch_answers import Answer, Later, Made, Over
from im.services.reconcile.launch_claims import Claimed

if TYPE_CHECKING:
    from im.services.scope_run import ScopeRun


def drive_launches(run: ScopeRun) -> list[str]:
    """Every launch of the scope that is due, one call each; one line for each."""
    return drive(run.ctx, Launches(run), goes_on=lambda: not run.stands_aside)


def cancel_unwanted(run: ScopeRun) -> list[str]:
    """Launches that were never called and that nobody wants any more, which needs no cloud; one line for each."""
    return drive(run.ctx, Launches(run, unwanted=True))


@dataclass(frozen=True, slots=True)
class Launches:
    """Those of one scope, one at a time: a batch is the slots of a launch."""

    run: ScopeRun
    unwanted: bool = False

    def claim(self, tx: Transaction, owner: str) -> Claimed | None:
        return launch_claims.claim(self.run, tx, owner, unwanted=self.unwanted)

    def call(self, claimed: Claimed) -> Answer:
        return launch_answers.of_machines(launch_calls.machines(self.run, claimed))

    def failed(self, claimed: Claimed, error: ProviderError) -> Answer:
        answer = launch_answers.of_error(claimed, error)
        if isinstance(answer, Later) and isinstance(error, Unauthenticated):
            refusal.step_aside(self.run, error)
        return answer

    def apply(self, tx: Transaction, claimed: Claimed, answer: Answer) -> list[str]:
        match answer:
            case Made(machines):
                line = launch_results.fill(self.run, tx, claimed, machines)
            case Over():
                line = launch_results.close(self.run, tx, claimed, answer)
            case Later():
                line = launch_results.delay(self.run, tx, claimed, answer)
        return [line]
