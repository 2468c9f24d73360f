"""`im orphans`: machines that carry our tag and have no row; listed, adopted or ended by people."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from im.cli.commands.adopt import force_option, tell_adopted, tell_budgets
from im.cli.options.shared import Output, Waiting, deadline_options, output_options, wait_options
from im.cli.output.confirm import cannot_be_undone, confirm
from im.cli.output.errors import note
from im.cli.output.result import finish
from im.cli.output.table import SANDBOX, say_json, text_table
from im.cli.output.terminal import plain, takes_colour
from im.cli.session import Session, pass_session
from im.domain import tags
from im.domain.errors import NoSuchInstance, Refused
from im.domain.intent import Deadline
from im.domain.selection import check_word
from im.views.orphan import orphan_json
from im.views.words.times import ahead

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from im.domain.orphan import Orphan

_HEADS = ("CLOUD-ID", "STATE", "TYPE", "ZONE", "IP", "NAME", "OWNER", "FIRST SEEN", "WHY")
_NEXT = "im orphans adopt ID -d 4h  takes one in · im orphans terminate ID  ends it"


@click.group(short_help="Machines of ours that no row has.", invoke_without_command=True)
@output_options
@click.pass_context
def orphans(ctx: click.Context, output: Output) -> None:
    """Machines that carry our tag and that no row has: they cost money, and no deadline ends them.

    They are looked for every two minutes, and never touched unless you say so. A machine whose label somebody has changed at
    the cloud is among them: its row leaves it alone until its label is put back.

    \b
    im orphans
    im orphans adopt i-0123456789abcdef0 -d 4h
    im orphans terminate i-0123456789abcdef0
    """
    if ctx.invoked_subcommand is not None:
        return
    session = ctx.ensure_object(Session)
    seen = session.backend.fleet.orphans()
    sandbox = session.backend.sandbox
    match output.form:
        case "json":
            say_json([orphan_json(one, seen.now, sandbox=sandbox) for one in seen.found])
        case "id" | "name":
            for one in seen.found:
                click.echo(one.provider_id if output.form == "id" else plain(_name(one)))
        case _ if not seen.found:
            click.echo("No orphans: every machine of ours has its row.")
        case _:
            body = [[plain(cell) for cell in _cells(one, seen.now)] for one in seen.found]
            click.echo(text_table(_HEADS, body, footer=SANDBOX if sandbox else ""), color=takes_colour())
            note(_NEXT)


@orphans.command(short_help="Take orphans in, with a deadline.")
@click.argument("machines", nargs=-1, metavar="[CLOUD-ID]...")
@deadline_options("When to stop it: 30s, 15m, 2h, 1d12h, 1w from now.")
@click.option("--name", metavar="NAME", help="What to call it; default: its tag, or two words.")
@force_option
@wait_options
@output_options
@pass_session
def adopt(
    session: Session,
    machines: tuple[str, ...],
    deadline: Deadline | None,
    name: str | None,
    force: bool,
    waiting: Waiting,
    output: Output,
) -> None:
    """Take orphans in: from then on they are instances like any other, and stopped at their deadline."""
    words = _checked(machines)
    if deadline is None:
        raise Refused("for how long?", f"im orphans adopt {words[0]} -d 4h, or --until 18:00")
    session.request()
    with session.storing(f"the request to adopt {', '.join(words)}"):
        answer = session.backend.requests.adopt_orphans(words, deadline, name=name, force=force)
    finish(session, answer, waiting, output, tell_adopted)
    tell_budgets(session, output)


@orphans.command(short_help="End orphans for good.")
@click.argument("machines", nargs=-1, metavar="[CLOUD-ID]...")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@force_option
@wait_options
@output_options
@pass_session
def terminate(
    session: Session, machines: tuple[str, ...], yes: bool, force: bool, waiting: Waiting, output: Output
) -> None:
    """End orphans for good, disks and all. Asks first."""
    words = _checked(machines)
    session.request()
    if not yes:
        _confirm(session, words)
    with session.storing(f"the request to terminate {', '.join(words)}"):
        answer = session.backend.requests.terminate_orphans(words, force=force)
    finish(session, answer, waiting, output)


def _checked(machines: Sequence[str]) -> list[str]:
    if not machines:
        command_path = click.get_current_context().command_path
        raise Refused("which machine?", f"{command_path} CLOUD-ID; im orphans  lists them")
    return list(dict.fromkeys(check_word(m) for m in machines))


def _confirm(session: Session, words: Sequence[str]) -> None:
    many = f"these {len(words)} machines" if len(words) > 1 else words[0]
    question = f"Terminate {many} for good, disk and all?"
    confirm(question, cannot_be_undone(list(words)), _ending(session, words), "nothing was terminated")


def _ending(session: Session, words: Sequence[str]) -> Iterator[str]:
    """Raises NoSuchInstance for what is no orphan."""
    found = {one.provider_id: one for one in session.backend.fleet.orphans().found}
    for word in words:
        if word not in found:
            raise NoSuchInstance(f"there is no orphan {word}", "im orphans  lists them")
    for word in words[:20]:
        one = found[word]
        told = (word, one.seen.state, one.seen.instance_type, one.seen.zone, _name(one), _owner(one))
        yield "  " + "  ".join(plain(str(part)) for part in told)


def _name(one: Orphan) -> str:
    return one.seen.tags.get(tags.NAME) or "-"


def _owner(one: Orphan) -> str:
    return one.seen.tags.get(tags.OWNER) or "-"


def _cells(one: Orphan, now: datetime) -> list[str]:
    seen = one.seen
    where = (seen.instance_type or "-", seen.zone or one.scope.region, seen.public_ip or seen.private_ip or "-")
    return [
        one.provider_id,
        seen.state.value,
        *where,
        _name(one),
        _owner(one),
        ahead(one.first_seen_at, now),
        one.because,
    ]
