"""`im create`: the wish for new machines, checked before anything is written."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from im.cli.options.lifetime import Life, life_options
from im.cli.options.machine import Machine, machine_options
from im.cli.options.shared import Output, Waiting, account_option, deadline_options, output_options, wait_options
from im.cli.output.errors import note
from im.cli.session import Session, here, pass_session
from im.domain.guard import WORDS, GuardKind
from im.domain.intent import Deadline
from im.domain.state import OnExpiry
from im.domain.tags import parse_tags
from im.views.words.times import ahead, local, span

if TYPE_CHECKING:
    from im.domain.instance import Instance
    from im.domain.spec.plan import Plan
    from im.domain.spec.spec import Spec
    from im.views.plan import Rehearsed

DEFAULT_TTL = timedelta(hours=1)


@click.command(short_help="Create an instance, for a while.")
@click.option(
    "--provider",
    metavar="CLOUD",
    help="The cloud, or any with --gpu; default: its account's, else IM_PROVIDER, else aws.",
)
@account_option
@click.option(
    "--instance-type",
    metavar="TYPE[,…]",
    help="Default t2.nano, t3.nano where that is not sold. Of several, the next is tried where no zone has the first.",
)
@deadline_options("For how long: 30s, 15m, 2h, 1d12h, 1w; default 1h.")
@click.option(
    "--public-key", type=click.Path(path_type=Path), metavar="FILE", help="The SSH key that may log in; required."
)
@click.option(
    "--availability-zone",
    metavar="ZONE[,…]|any",
    help="Default: the cloud's usual one (im doctor). Of several, or any, the next is tried when one has no room.",
)
@click.option(
    "--no-retry",
    is_flag=True,
    help="Fail when no place has room; else im tries again until the deadline (exit code 7).",
)
@machine_options
@life_options
@click.option("--name", metavar="NAME", help="What to call it; two words are made up when none is given.")
@click.option("--count", type=int, default=1, show_default=True, help="How many, as NAME-1, NAME-2, …")
@click.option("--tag", "tags", multiple=True, metavar="KEY=VALUE", help="For you to find it by; repeatable.")
@click.option(
    "--guard",
    type=click.Choice(WORDS),
    metavar="native|none",
    help="Who stops it if all of im is gone: the cloud itself, or nobody; default IM_GUARD.",
)
@click.option("--dry-run", is_flag=True, help="Say what would be launched, and do nothing.")
@wait_options
@output_options
@pass_session
def create(
    session: Session,
    provider: str | None,
    account: str | None,
    instance_type: str | None,
    deadline: Deadline | None,
    public_key: Path | None,
    availability_zone: str | None,
    no_retry: bool,
    machine: Machine,
    life: Life,
    name: str | None,
    count: int,
    tags: tuple[str, ...],
    guard: str | None,
    dry_run: bool,
    waiting: Waiting,
    output: Output,
) -> None:
    """Create an instance that is stopped when its time is over.

    \b
    im create --public-key ~/.ssh/id_ed25519.pub -d 2h
    im create --name web --count 3 --instance-type t3.small --until 18:00 --public-key ~/.ssh/id_rsa.pub
    """
    from im.cli.options.public_key import read_public_key
    from im.services.requests.wish import Wish

    if public_key is None and provider is not None:
        _check_cloud(provider)  # no key helps at one that cannot be served
    ask = replace(
        machine.ask,
        instance_type=instance_type,
        zone=availability_zone,
        public_key=read_public_key(public_key),
        tags=parse_tags(tags),
    )
    wish = Wish(
        ask=ask,
        deadline=deadline or Deadline(by=DEFAULT_TTL),
        name=name,
        count=count,
        provider=provider,
        account=account,
        ssh_from=machine.ssh_from,
        guard=GuardKind(guard) if guard else None,
        keep_stopped=life.keep_stopped,
        protect=life.protect,
        on_expiry=life.on_expiry,
        retry=not no_retry,
        max_price=machine.max_price,
    )
    if dry_run:
        _tell_plan(session.backend.requests.rehearse(wish), output)
        return
    from im.cli.output.result import finish
    from im.cli.output.storing import store

    request = session.backend.requests.creation(wish)
    session.request()
    answer = store(session, f"the request to create {name or 'it'}", request)
    first = answer.changes[0].after.spec
    if output.form == "table" and _because(first):
        note(f"{first.instance_type}{_because(first)}")
    if output.form == "table" and (lost := _lost(answer.changes[0].after)):
        note(lost)
    finish(session, answer, waiting, output, priced=True)


def _check_cloud(provider: str) -> None:
    from im.providers import registry
    from im.services.requests.anywhere import ANY_CLOUD

    if provider != ANY_CLOUD:
        registry.check(provider)


def _because(spec: Spec) -> str:
    """Why it is this type, where nobody named one and it is not the usual one."""
    because = spec.provider_options.get("type_because")
    return f" ({because})" if because else ""


def _lost(wished: Instance | Plan) -> str:
    """What a deadline does where it cannot stop the machine, or where a stop takes something with it."""
    from im.providers import registry

    can = registry.capabilities(wished.scope.provider)
    return can.no_stop(wished.spec) or (can.told_of_stop if wished.on_expiry is OnExpiry.STOP else "")


def _places(spec: Spec) -> list[tuple[str, str]]:
    from im.domain.spec.placement import candidates, names_of

    found = candidates(spec)
    return [("tries", names_of(found))] if len(found) > 1 or found[0].zone == "any" else []


def _afterwards(plan: Plan) -> str:
    if plan.protect:
        return "; protected, so nobody terminates it"
    return f", kept {span(plan.keep_stopped)}, then terminated" if plan.keep_stopped else ""


def _tell_plan(found: Rehearsed, output: Output) -> None:
    if output.form == "json":
        from im.cli.output.table import say_json
        from im.views.plan import plan_json

        say_json(plan_json(found))
        return
    from im.cli.output.machine import machine_lines
    from im.cli.output.table import SANDBOX
    from im.cli.output.terminal import plain
    from im.views.words.money import offered, quote_sentence, what_goes_on

    plan, quote, said, expires_at = found.plan, found.quote, found.region_source, found.expires_at
    now = quote.began_at or here()
    names = list(plan.names) or [f"(made up){f' × {plan.count}' if plan.count > 1 else ''}"]
    shown = ", ".join(names if len(names) <= 4 else [*names[:2], "…", names[-1]])
    rows = [
        (
            "would launch",
            f"{plan.count} × {plan.spec.instance_type}{_because(plan.spec)}{_said(found, 'instance_type')}",
        ),
        ("name", shown),
        *_places(plan.spec),
        *([("region", f"{plan.scope.region} ({said})")] if said else []),
        ("where", f"{plan.scope.provider} {_zone(found)}, account {plan.scope.account}"),
        ("image", f"{plan.spec.image}{_said(found, 'image')}, log in as {plan.spec.ssh_user}"),
        *machine_lines(plan.spec),
        (
            "until",
            f"{local(expires_at, now)} ({ahead(expires_at, now)}), then {plan.on_expiry.value}{_afterwards(plan)}",
        ),
        ("costs", quote_sentence(quote)),
        *[("offered", offered(one)) for one in found.best],
        *([("afterwards", what_goes_on(quote))] if quote.endless else []),
        *([("afterwards", _shelved(found))] if plan.on_expiry is OnExpiry.SHELVE else []),
        *([("afterwards", lost)] if (lost := _lost(plan)) else []),
        ("guard", plan.if_gone),
    ]
    for title, what in rows:
        click.echo(f"{title:<13} {plain(what)}")
    click.echo("nothing was written and nothing was launched")
    if found.sandbox:
        note(SANDBOX)


def _shelved(found: Rehearsed) -> str:
    from im.services.requests.shelving import keeps_address
    from im.views.words.money import what_stays

    return what_stays(found.quote, keeps_address=keeps_address(found.plan.scope.provider))


def _zone(found: Rehearsed) -> str:
    return f"{found.plan.spec.zone or found.plan.scope.region}{_said(found, 'zone')}"


def _said(found: Rehearsed, what: str) -> str:
    """Which setting of the deployment says it, where nobody typed it."""
    return f" ({found.defaults[what]})" if what in found.defaults else ""
