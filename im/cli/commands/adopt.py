"""`im adopt`: machines that im never made, taken in with a deadline."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from im.cli.backend.wishes import Adoption
from im.cli.options.shared import Output, Waiting, account_option, deadline_options, output_options, wait_options
from im.cli.output.errors import note
from im.cli.output.result import finish
from im.cli.session import Session, pass_session
from im.domain.errors import Refused
from im.domain.intent import Deadline
from im.domain.money.amount import CENT, cents, show
from im.domain.selection import check_word
from im.domain.spec.names import check_login
from im.views.words.times import sentence

if TYPE_CHECKING:
    from datetime import datetime

    from im.domain.instance import Instance
    from im.services.requests.result import Change


force_option = click.option("--force", is_flag=True, help="Though an Auto Scaling group or the like controls it.")


@click.command(short_help="Take in a machine that im never made.")
@click.argument("machines", nargs=-1, metavar="[CLOUD-ID]...")
@deadline_options("When to stop it: 30s, 15m, 2h, 1d12h, 1w from now.")
@click.option("--name", metavar="NAME", help="What to call it; two words are made up when none is given.")
@click.option("--provider", metavar="CLOUD", help="Whose machine it is; default: its account's, else IM_PROVIDER.")
@account_option
@click.option("--region", metavar="REGION", help="Where it is; default: what `im doctor` says of its account.")
@click.option("--ssh-user", metavar="USER", help="Who logs in; im cannot know.")
@force_option
@wait_options
@output_options
@pass_session
def adopt(
    session: Session,
    machines: tuple[str, ...],
    deadline: Deadline | None,
    name: str | None,
    provider: str | None,
    account: str | None,
    region: str | None,
    ssh_user: str | None,
    force: bool,
    waiting: Waiting,
    output: Output,
) -> None:
    """Take in machines that im never made, by the cloud's ids: each is tagged, watched, and stopped at its deadline.

    What is stopped stays stopped until it is started or extended. Nothing is terminated unless `im terminate` is typed.
    Workers take machines in only when they are told to (IM_ADOPT), and none that somebody else controls.

    \b
    im adopt i-0123456789abcdef0 -d 4h --name old-box
    """
    if not machines:
        raise Refused("which machine?", "im adopt i-0123456789abcdef0 -d 4h; the cloud's own id")
    if deadline is None:
        raise Refused("for how long?", f"im adopt {check_word(machines[0])} -d 4h, or --until 18:00")
    wanted = Adoption(
        machines=tuple(dict.fromkeys(check_word(m) for m in machines)),
        deadline=deadline,
        name=name,
        provider=provider,
        account=account,
        region=region,
        ssh_user=check_login(ssh_user) if ssh_user else "",
        force=force,
    )
    session.request()
    with session.storing(f"the request to adopt {', '.join(wanted.machines)}"):
        answer = session.backend.requests.adopt(wanted)
    finish(session, answer, waiting, output, tell_adopted)
    tell_budgets(session, output)


def tell_adopted(change: Change, row: Instance, now: datetime) -> str:
    """`old-box: i-0123456789abcdef0 adopting · stops 18:04 (in 4h), and is never terminated unasked`."""
    told = sentence(row, now).removeprefix(f"{row.name}: ")
    rule = "" if row.failed else ", and is never terminated unasked"
    return f"{row.name}: {change.after.provider_id} {told}{rule}"


def tell_budgets(session: Session, output: Output) -> None:
    """An adoption is never refused for its price, but what it does to a budget is said."""
    if output.form == "json":
        return
    for use in session.backend.money.my_budgets():
        if use.left < 0:
            over = show(max(cents(-use.left), CENT))
            note(f"{use.budget.whose} is exceeded by {over}. It is taken in all the same, for it costs without im too")
        elif use.unknown:
            note(f"{use.budget.whose} holds {', '.join(use.unknown)}, whose price is not known: im budget")
