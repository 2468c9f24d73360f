"""The end of every request: wait if that was asked for, tell what came of it, and leave with the right code."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import click

from im.cli.output.errors import note
from im.cli.output.money import costs_of, endless, going_on
from im.cli.output.summary import CROWD, crowd
from im.cli.output.table import SANDBOX, say_json, show
from im.cli.output.terminal import plain
from im.cli.output.wait import Outcome, wait
from im.domain.input.listed import listed
from im.domain.instance import Instance
from im.services.requests.result import Answer, Change
from im.views.cost import NO_COSTS, Costs
from im.views.exits import Ended
from im.views.words.money import adding, adding_together, ending
from im.views.words.times import sentence

if TYPE_CHECKING:
    from datetime import datetime

    from im.cli.options.shared import Output, Waiting
    from im.cli.session import Session
    from im.domain.money.added import Added

Tell = Callable[[Change, Instance, "datetime"], str]
"""One line of the answer, from the change and the row as it is now."""


def plainly(_change: Change, row: Instance, now: datetime) -> str:
    return sentence(row, now)


def finish(
    session: Session,
    answer: Answer,
    waiting: Waiting,
    output: Output,
    tell: Tell = plainly,
    *,
    priced: bool = False,
    moved: bool = False,
) -> None:
    """Raises what ended the waiting badly; in a table's place the lines are printed before that, JSON is not.

    `priced`: each line ends with what the machine costs until its deadline; `moved`: with what another deadline costs.
    """
    sandbox = session.backend.sandbox
    as_json = output.form == "json"
    if not answer.rang and not as_json:
        note("the broker did not answer; this is stored, and the next tick (10 s) carries it out. Next: im doctor")
    adds = session.backend.looks.added(answer) if as_json or moved else {}  # by what is stored, whatever comes of it
    outcome = Outcome(tuple(c.after for c in answer.changes), answer.now, None)
    if waiting.wanted_here():
        from im.cli.output.progress import progress  # who waits for nothing watches nothing

        with progress(len(answer.changes), silent=as_json) as shown:
            outcome = wait(session.backend.looks, answer, waiting.timeout, shown)
    if as_json and outcome.error is not None:
        raise Ended(outcome.error)
    if as_json:
        changed, costs = zip(answer.changes, outcome.rows, strict=True), costs_of(session, outcome.rows)
        from im.views.change import change_json  # a table does without

        now = outcome.now
        say_json([change_json(one, row, now, sandbox=sandbox, costs=costs, adds=adds) for one, row in changed])
    elif output.form == "table":
        for line in _lines(answer, outcome, tell, costs_of(session, outcome.rows) if priced else NO_COSTS, adds):
            click.echo(plain(line))
        for told in endless(outcome.rows, costs_of(session, going_on(session, outcome.rows))):
            note(told)
        if sandbox:
            note(SANDBOX)
    else:
        show(outcome.rows, outcome.now, output, sandbox=sandbox, costs=costs_of(session, outcome.rows))
    if outcome.error is not None:
        raise Ended(outcome.error)


def names_of(rows: Sequence[Instance]) -> str:
    return listed([row.name for row in rows])


def _lines(answer: Answer, outcome: Outcome, tell: Tell, costs: Costs, adds: Mapping[str, Added]) -> list[str]:
    together = adding_together(list(adds.values()))
    if len(outcome.rows) > CROWD:
        return crowd(outcome.rows, outcome.now, costs) + together
    changed = zip(answer.changes, outcome.rows, strict=True)
    told = [f"{tell(one, row, outcome.now)}{ending([row], costs)}{adding(adds.get(row.id))}" for one, row in changed]
    return told + together
