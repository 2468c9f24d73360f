"""`im extend`, `start`, `stop` and `terminate`: one request on one, several or all instances; all of them or none."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

import click

from im.cli.options.selection import selection_options
from im.cli.options.shared import Output, Waiting, deadline_options, output_options, wait_options
from im.cli.output.confirm import cannot_be_undone, confirm
from im.cli.output.errors import note
from im.cli.output.money import costs_of, endless
from im.cli.output.result import Tell, finish, names_of, plainly
from im.cli.output.storing import store
from im.cli.output.terminal import plain
from im.cli.session import Session, pass_session
from im.domain import intent as wish
from im.domain.errors import Refused
from im.domain.instance import Instance
from im.domain.intent import Deadline, Intent
from im.domain.selection import Selection
from im.domain.spec.disk import fate
from im.domain.state import Desired, Observed
from im.services.requests.result import Answer, Change
from im.services.requests.shelving import decide_stop
from im.views.words.money import adding, adding_together
from im.views.words.times import ahead, end_of, local, state

if TYPE_CHECKING:
    from im.domain.explain.listing import Listing

dry_run_option = click.option("--dry-run", is_flag=True, help="Say what would happen, and do nothing.")


@dataclass(frozen=True, slots=True)
class Verb:
    """What is asked of the chosen instances: `decide` says what it would come to, `send` writes it down."""

    name: str
    decide: Callable[[Instance, datetime], Intent]
    send: Callable[[Sequence[str]], Answer]
    tell: Tell = plainly
    check: Callable[[Sequence[Instance], datetime], None] | None = None
    """Raises what limits would refuse it, of a verb that can move a deadline or wake a machine; such a one says what that costs."""


@click.command(short_help="Move the deadline; a stopped instance wakes.")
@selection_options
@deadline_options("Add this much; to now, when the deadline has passed.")
@click.option("--no-start", is_flag=True, help="Move the deadline only; leave a stopped instance asleep.")
@dry_run_option
@wait_options
@output_options
@pass_session
def extend(
    session: Session,
    selection: Selection,
    deadline: Deadline | None,
    no_start: bool,
    dry_run: bool,
    waiting: Waiting,
    output: Output,
) -> None:
    """Move the deadline of instances; a stopped one wakes.

    \b
    im extend web-1 -d 2h
    im extend --filter owner=me --until 20:00
    """
    if deadline is None:
        raise Refused("for how long?", "im extend NAME -d 2h, or --until 18:00")
    moved, start = deadline, not no_start

    def send(ids: Sequence[str]) -> Answer:
        return session.backend.requests.extend(ids, moved, start=start)

    def check(rows: Sequence[Instance], now: datetime) -> None:
        session.backend.requests.check_extend(rows, moved, now, start=start)

    verb = Verb("extend", lambda row, now: wish.extend(row, now, moved, start=start), send, _tell_extended, check)
    _carry_out(session, selection, verb, waiting, output, dry_run=dry_run)


@click.command(short_help="Start it again, or try a failed launch again.")
@selection_options
@deadline_options("A new deadline, counted from now; needed when the old one has passed.")
@dry_run_option
@wait_options
@output_options
@pass_session
def start(
    session: Session,
    selection: Selection,
    deadline: Deadline | None,
    dry_run: bool,
    waiting: Waiting,
    output: Output,
) -> None:
    """Start stopped instances, or try a failed launch again."""

    def send(ids: Sequence[str]) -> Answer:
        return session.backend.requests.start(ids, deadline)

    def check(rows: Sequence[Instance], now: datetime) -> None:
        session.backend.requests.check_start(rows, deadline, now)

    verb = Verb("start", lambda row, now: wish.start(row, now, deadline), send, check=check)
    _carry_out(session, selection, verb, waiting, output, dry_run=dry_run)


@click.command(short_help="Stop it now; its disk stays.")
@selection_options
@click.option(
    "--shelve", is_flag=True, help="Then delete it, once a snapshot of it is complete; where a stop saves nothing."
)
@dry_run_option
@wait_options
@output_options
@pass_session
def stop(session: Session, selection: Selection, shelve: bool, dry_run: bool, waiting: Waiting, output: Output) -> None:
    """Stop instances now; their disks stay, and `im start` or `im extend` wakes them.

    With --shelve each gives way to a snapshot of itself, from which `im start` or `im extend` brings it back.
    """

    def send(ids: Sequence[str]) -> Answer:
        return session.backend.requests.stop(ids, shelve=shelve)

    verb = Verb("stop", lambda row, now: decide_stop(row, now, shelve=shelve), send)
    _carry_out(session, selection, verb, waiting, output, dry_run=dry_run)


@click.command(short_help="End it for good, disk and all.")
@selection_options
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@dry_run_option
@wait_options
@output_options
@pass_session
def terminate(
    session: Session, selection: Selection, yes: bool, dry_run: bool, waiting: Waiting, output: Output
) -> None:
    """End instances for good, disks and all but those that were made to be kept. Asks first."""
    verb = Verb("terminate", wish.terminate, session.backend.requests.terminate, _tell_ended)
    _carry_out(session, selection, verb, waiting, output, dry_run=dry_run, ask=None if yes else _confirm_end)


def _carry_out(
    session: Session,
    selection: Selection,
    verb: Verb,
    waiting: Waiting,
    output: Output,
    *,
    dry_run: bool,
    ask: Callable[[Listing], None] | None = None,
) -> None:
    session.request()
    chosen = _possible(session.backend.looks.select(selection), selection, verb, as_json=output.form == "json")
    if dry_run:
        _tell_dry(session, chosen, verb, output)
        return
    if ask is not None:
        ask(chosen)
    ids = [row.id for row in chosen.rows]
    answer = store(session, f"the request to {verb.name} {names_of(chosen.rows)}", lambda: verb.send(ids))
    finish(session, answer, waiting, output, verb.tell, moved=verb.check is not None)


def _possible(chosen: Listing, selection: Selection, verb: Verb, *, as_json: bool) -> Listing:
    """What was named has to be possible, each of it; what a filter found and is not possible is passed over, aloud."""
    refused: list[Refused] = []
    rows: list[Instance] = []
    for row in chosen.rows:
        try:
            verb.decide(row, chosen.now)
            rows.append(row)
        except Refused as exc:
            if selection.named:
                raise _none_of_them(exc, len(chosen.rows)) from None
            refused.append(exc)
    if not rows:
        raise refused[0]
    for reason in [] if as_json else refused:
        note(f"left out: {reason.message}")
    return replace(chosen, rows=tuple(rows))


def _none_of_them(refused: Refused, of: int) -> Refused:
    if of == 1:
        return refused
    return Refused(f"{refused.message}; none of the {of} was changed", refused.hint)


def _confirm_end(chosen: Listing) -> None:
    names = [plain(row.name) for row in chosen.rows]
    many = f"these {len(names)} instances" if len(names) > 1 else names[0]
    kept = any(disk.keep for row in chosen.rows for disk in row.spec.disks)
    question = f"Terminate {many} for good, {'but for what is kept' if kept else 'disk and all'}?"
    confirm(question, cannot_be_undone(names), _ending(chosen.rows[:20]), "nothing was terminated")


def _ending(rows: Sequence[Instance]) -> Iterator[str]:
    for row in rows:
        where = f"{row.scope.provider} {row.zone or row.spec.zone}"
        yield f"  {plain(row.name)}  {plain(row.id)}  {row.spec.instance_type}  {where}  {plain(row.owner)}"
        if any(disk.keep for disk in row.spec.disks):
            yield f"    {plain(fate(row.spec.disks))}"


def _tell_dry(session: Session, chosen: Listing, verb: Verb, output: Output) -> None:
    from im.cli.output.table import say_json
    from im.views.change import rehearsal_json, would_add

    would = [(row, verb.decide(row, chosen.now)) for row in chosen.rows]
    if verb.check is not None:
        verb.check(chosen.rows, chosen.now)
    costs = costs_of(session, chosen.rows) if verb.check is not None else {}
    adds = would_add(would, chosen.now, costs)
    if output.form == "json":
        say_json([rehearsal_json(row, intent, adds.get(row.id)) for row, intent in would])
        return
    for row, intent in would:
        ends = f" · {fate(row.spec.disks)}" if intent.desired is Desired.TERMINATED else ""
        more = adds.get(row.id)
        source = f"; {more.rates.source}" if more and more.usd else ""
        changes = f"{_what_changes(row, intent, chosen.now)}{ends}{adding(more)}{source}"
        click.echo(f"would {verb.name} {plain(row.name)}: {plain(changes)}")
    for line in adding_together(list(adds.values())):
        click.echo(line)
    for told in endless([intent.on(row) for row, intent in would], costs):
        note(told)


def _what_changes(row: Instance, intent: Intent, now: datetime) -> str:
    parts = []
    if intent.desired is not row.desired:
        parts.append(f"{row.desired} → {intent.desired}")
    if intent.shelve:
        from im.services.requests.shelving import keeps_address

        address = "its address, if that can be had" if keeps_address(row.scope.provider) else "another address"
        parts.append(f"then it gives way to its snapshot, and comes back with {address}")
    if intent.expires_at != row.expires_at:
        parts.append(_moved(row, intent.expires_at, now))
    return ", ".join(parts) or f"stays {intent.desired}"


def _moved(before: Instance, to: datetime, now: datetime) -> str:
    """`stops 17:04 → 19:04 (in 2h 14m)`."""
    verb = before.on_expiry.does
    return f"{verb} {local(before.expires_at, now)} → {local(to, now)} ({ahead(to, now)})"


def _tell_ended(change: Change, row: Instance, now: datetime) -> str:
    """Whoever says -y is asked nothing, and is told at least what goes on costing."""
    kept = row.provider_id is not None and any(disk.keep for disk in row.spec.disks)
    return f"{plainly(change, row, now)}{f' · {fate(row.spec.disks)}' if kept else ''}"


def _tell_extended(change: Change, row: Instance, now: datetime) -> str:
    if change.before is None:
        return f"{row.name}: {end_of(row, now)}"
    told = f"{row.name}: {_moved(change.before, change.after.expires_at, now)}"
    woken = change.before.observed is not Observed.RUNNING and change.after.desired is Desired.RUNNING
    return f"{told} · {state(row, now)}" if woken else told
