"""`im webhook`: who is told, over HTTP, when something happens."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import click

from im.cli.options.shared import Duration, Output, output_options
from im.cli.output.errors import note
from im.cli.session import Session, here, pass_session
from im.domain.errors import ImError, NoSuchWebhook, Refused
from im.domain.webhook.kind import WISHED
from im.domain.webhook.message import DeliveryState
from im.domain.webhook.target import read_target
from im.domain.webhook.webhook import Webhook, read_kinds
from im.views.exits import Ended
from im.views.words.webhooks import answered, standing, what_next

if TYPE_CHECKING:
    from collections.abc import Sequence

    from im.domain.webhook.message import Delivery
    from im.domain.webhook.webhook import Made

_KINDS = ", ".join(kind.value for kind in WISHED)


@click.group(invoke_without_command=True, short_help="Who is told, over HTTP, when something happens.")
@output_options
@click.pass_context
@pass_session
def webhook(session: Session, ctx: click.Context, output: Output) -> None:
    """Receivers of signed messages, each of which hears of what its owner has; an admin's may hear of everybody's.

    \b
    im webhook create ci https://ci.example.com/im --on running,failed
    im webhook test ci
    im webhook deliveries ci
    """
    if ctx.invoked_subcommand is None:
        _tell(session.backend.webhooks.listed(), output)


@webhook.command("create")
@click.argument("name")
@click.argument("url")
@click.option("--on", "kinds", multiple=True, metavar="A,B", help=f"{_KINDS}; all of them when left out.")
@click.option("--owner", metavar="LOGIN", help="Whose it is, and of whose instances it hears: a team of yours, or you.")
@click.option("--everybody", is_flag=True, help="It hears of everybody's; for admins.")
@output_options
@pass_session
def create(
    session: Session,
    name: str,
    url: str,
    kinds: tuple[str, ...],
    owner: str | None,
    everybody: bool,
    output: Output,
) -> None:
    """Make one, and show what its messages are signed with, once."""
    wanted = read_kinds(kinds) if kinds else frozenset(WISHED)
    session.request()
    with session.storing(f"webhook {name}"):
        made = session.backend.webhooks.create(name, url, kinds=wanted, owner=owner, everybody=everybody)
    _show(made, output)


@webhook.command("set")
@click.argument("which", metavar="NAME")
@click.option("--url", metavar="URL", help="Where it goes from now on.")
@click.option("--on", "kinds", multiple=True, metavar="A,B", help=f"What it wants from now on: {_KINDS}.")
@output_options
@pass_session
def set_(session: Session, which: str, url: str | None, kinds: tuple[str, ...], output: Output) -> None:
    """Change where it goes, or what it wants; its secret stays."""
    if url is None and not kinds:
        raise Refused("nothing to change", "--url, or --on")
    session.request()
    found = _find(session, which)
    with session.storing(f"webhook {which}"):
        wanted = read_kinds(kinds) if kinds else None
        after = session.backend.webhooks.change(found.id, url=url, kinds=wanted, on=None)
    _tell([after], output)


@webhook.command("enable")
@click.argument("which", metavar="NAME")
@output_options
@pass_session
def enable(session: Session, which: str, output: Output) -> None:
    """Switch it on again; what waited is sent."""
    _switch(session, which, output, on=True)


@webhook.command("disable")
@click.argument("which", metavar="NAME")
@output_options
@pass_session
def disable(session: Session, which: str, output: Output) -> None:
    """Switch it off: nothing is sent, and of what happens meanwhile it does not hear."""
    _switch(session, which, output, on=False)


def _switch(session: Session, which: str, output: Output, *, on: bool) -> None:
    session.request()
    found = _find(session, which)
    with session.storing(f"webhook {which}"):
        after = session.backend.webhooks.change(found.id, url=None, kinds=None, on=on)
    _tell([after], output)


@webhook.command("rotate")
@click.argument("which", metavar="NAME")
@click.option(
    "--overlap", type=Duration(), default="24h", show_default=True, metavar="DURATION", help="Both sign so long."
)
@output_options
@pass_session
def rotate(session: Session, which: str, overlap: timedelta, output: Output) -> None:
    """Another secret; messages are signed with the one before as well for a while."""
    session.request()
    found = _find(session, which)
    with session.storing(f"the new secret of webhook {which}"):
        made = session.backend.webhooks.rotate(found.id, overlap)
    _show(made, output)


@webhook.command("remove")
@click.argument("which", metavar="NAME")
@pass_session
def remove(session: Session, which: str) -> None:
    """Forget it, with its secret and whatever was on its way."""
    session.request()
    found = _find(session, which)
    with session.storing(f"the end of webhook {which}"):
        session.backend.webhooks.remove(found.id)
    click.echo(f"webhook {_named(found)} is no more")


@webhook.command("test")
@click.argument("which", metavar="NAME")
@click.option("--wait/--no-wait", default=True, help="Wait for its answer; the default.")
@click.option(
    "--timeout", type=Duration(), default="30s", show_default=True, metavar="DURATION", help="Wait no longer than this."
)
@output_options
@pass_session
def test(session: Session, which: str, wait: bool, timeout: timedelta, output: Output) -> None:
    """Send it a message that says nothing, and say whether it was taken: 0 if so, 1 if not, 5 if nobody has sent it."""
    session.request()
    found = _find(session, which)
    webhooks = session.backend.webhooks
    with session.storing(f"a test of webhook {which}"):
        message = webhooks.test(found.id)
    if not wait:
        if output.form != "table":
            _tell_deliveries(webhooks.deliveries(found.id, 1, message), output)
            return
        again = f"im webhook deliveries {found.id} -n 1  says whether it was taken"
        click.echo(f"{message} is on its way to {_named(found)}; {again}")
        return
    from im.cli.commands.people.webhook_outcome import first_answer

    sent = first_answer(webhooks, found.id, message, timeout)
    if sent.state is not DeliveryState.TAKEN:
        told = f"not delivered to {_named(found)}: {sent.error}"
        raise Ended(ImError(told, what_next(sent, found.id)))
    if output.form == "table":
        click.echo(f"delivered to {_named(found)}: {answered(sent, read_target(found.url).where)}")
    else:
        _tell_deliveries([sent], output)


@webhook.command("resend")
@click.argument("which", metavar="NAME")
@pass_session
def resend(session: Session, which: str) -> None:
    """Send again what was not taken, under the same ids."""
    session.request()
    found = _find(session, which)
    with session.storing(f"what waits for webhook {which}"):
        count = session.backend.webhooks.resend(found.id)
    many = "1 message is" if count == 1 else f"{count} messages are"
    click.echo(f"{many} on the way to {_named(found)} again" if count else "Nothing waits, and nothing was given up.")


@webhook.command("deliveries")
@click.argument("which", metavar="NAME")
@click.option(
    "-n", "--number", "limit", type=click.IntRange(1, 500), default=50, show_default=True, help="So many messages."
)
@output_options
@pass_session
def deliveries(session: Session, which: str, limit: int, output: Output) -> None:
    """What it was sent, the newest first, and what it answered."""
    found = session.backend.webhooks.deliveries(_find(session, which).id, limit)
    _tell_deliveries(found, output)


def _find(session: Session, which: str) -> Webhook:
    """By its id, or by its name where one alone has it. Raises NoSuchWebhook, Refused."""
    found = [one for one in session.backend.webhooks.listed() if which in (one.id, one.name)]
    if not found:
        raise NoSuchWebhook(f"there is no webhook '{which[:40]}'", "im webhook  shows them")
    if len(found) > 1:
        raise Refused(
            f"{len(found)} webhooks have the name '{which[:40]}'",
            f"name one by its id: {', '.join(o.id for o in found)}",
        )
    return found[0]


def _named(one: Webhook) -> str:
    from im.cli.output.terminal import plain

    return f"{plain(one.name)} ({one.id} of {plain(one.owner)})"


def _show(made: Made, output: Output) -> None:
    """The secret goes to stdout alone, so that `im webhook create ci URL -q` can be piped into a store of secrets."""
    if output.form == "json":
        from im.cli.output.table import say_json
        from im.views.webhook import webhook_json

        say_json(webhook_json(made.webhook, made.secret))
        return
    if output.form == "table":
        note(f"webhook {_named(made.webhook)}; what its messages are signed with is shown this once")
    click.echo(made.secret)


def _tell(found: Sequence[Webhook], output: Output) -> None:
    from im.cli.output.table import say_json, text_table
    from im.cli.output.terminal import plain, takes_colour

    if output.form == "json":
        from im.views.webhook import webhook_json

        say_json([webhook_json(one) for one in found])
    elif output.form in ("name", "id"):
        for one in found:
            click.echo(one.name if output.form == "name" else one.id)
    elif not found:
        click.echo("No webhook.  im webhook create ci https://ci.example.com/im --on running,failed")
    else:
        now = here()
        heads = ("ID", "OWNER", "NAME", "HEARS OF", "ON", "URL", "STATE")
        body = [
            [
                one.id,
                plain(one.owner),
                plain(one.name),
                "everybody's" if one.everybody else "its owner's",
                "everything" if len(one.kinds) == len(WISHED) else ",".join(sorted(one.kinds)),
                plain(one.url),
                plain(standing(one, now)),
            ]
            for one in found
        ]
        click.echo(text_table(heads, body), color=takes_colour())


def _tell_deliveries(found: Sequence[Delivery], output: Output) -> None:
    from im.cli.output.table import say_json, text_table
    from im.cli.output.terminal import plain, takes_colour
    from im.views.words.times import local

    if output.form == "json":
        from im.views.webhook import delivery_json

        say_json([delivery_json(one) for one in found])
    elif output.form in ("name", "id"):
        for one in found:
            click.echo(one.id)
    elif not found:
        click.echo("Nothing was sent so far.")
    else:
        now = here()
        heads = ("MESSAGE", "KIND", "INSTANCE", "MADE", "STATE", "ATTEMPTS", "ANSWER")
        body = [
            [
                one.id,
                one.kind.value,
                one.instance_id or "",
                local(one.made_at, now),
                one.state.value,
                str(one.attempts),
                plain(one.error or "") or (str(one.status) if one.status else ""),
            ]
            for one in found
        ]
        click.echo(text_table(heads, body), color=takes_colour())
