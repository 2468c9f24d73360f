"""`im view`: a filter and columns of `im list` under a name of one's own; the page lists them among its views."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from im.cli.options.shared import Output, columns_option, output_options
from im.cli.session import Session, pass_session
from im.domain.errors import Refused
from im.domain.people.view import Base, View, built_in, check, check_name, find, wrong_with
from im.domain.selection import Filter, parse_filters

if TYPE_CHECKING:
    from collections.abc import Sequence

NONE = "No view of yours.  im view save gpu --filter type=g5.xlarge;  im list --view mine, soon, overdue, failed always work"


@click.group(invoke_without_command=True, short_help="Lists that you have saved: filter and columns.")
@output_options
@click.pass_context
@pass_session
def view(session: Session, ctx: click.Context, output: Output) -> None:
    """Views that you have saved, for `im list --view NAME` and the page. Nobody but you sees them.

    \b
    im view save gpu --filter type=g5.xlarge -c NAME,STATUS,TIME-LEFT
    im list --view gpu
    im view rename gpu big
    im view delete big
    """
    if ctx.invoked_subcommand is None:
        _tell(session.backend.people.views(), output)


@view.command("list")
@output_options
@pass_session
def list_(session: Session, output: Output) -> None:
    """The same as `im view`."""
    _tell(session.backend.people.views(), output)


@view.command("save")
@click.argument("name")
@click.option("--filter", "filters", multiple=True, metavar="KEY=VALUE", help="As im list takes it; repeatable.")
@click.option(
    "--view", "base", type=click.Choice([one.value for one in Base]), help="What it narrows; everything when left out."
)
@click.option("--all", "everything", is_flag=True, help="The closed ones too.")
@columns_option
@output_options
@pass_session
def save(
    session: Session, name: str, filters: tuple[str, ...], base: str | None, everything: bool, output: Output
) -> None:
    """Save a view, in place of the one of that name."""
    from shlex import join

    columns = tuple(dict.fromkeys(column.lower() for column in output.columns))
    read = [Filter.parse(word) for word in filters]
    wanted = View(
        check_name(name),
        join(f"{one.key}={one.value}" for one in read),
        Base(base) if base else None,
        everything,
        columns,
    )
    check(wanted)
    session.request()
    before = {one.name: one for one in session.backend.people.views()}
    with session.storing(f"the view {name}"):
        made = session.backend.people.save_view(wanted)
    if output.form != "table":
        _tell([made], output)
        return
    old = before.get(made.name)
    instead = f", in place of: {old.command}" if old is not None and old.shows != made.shows else ""
    click.echo(_plain(f"view '{made.name}' is saved: {made.command}{instead}"))


@view.command("rename")
@click.argument("name")
@click.argument("to")
@pass_session
def rename(session: Session, name: str, to: str) -> None:
    """Call it something else."""
    session.request()
    with session.storing(f"the name of the view {name}"):
        made = session.backend.people.rename_view(name, check_name(to))
    click.echo(_plain(f"view '{name}' is called '{made.name}' from now on"))


@view.command("delete")
@click.argument("name")
@pass_session
def delete(session: Session, name: str) -> None:
    """Delete a view; instances stay as they are."""
    session.request()
    with session.storing(f"the deletion of the view {name}"):
        session.backend.people.remove_view(name)
    click.echo(_plain(f"view '{name}' is deleted"))


def called(session: Session, name: str) -> View:
    """One that is always there, or one's own. Raises NoSuchView, and Refused for one that can no longer be read."""
    view = built_in(name) or find(name, session.backend.people.views())
    if (wrong := wrong_with(view)) is not None:
        hint = f"im view save '{view.name}' …  saves over it; im view delete '{view.name}'"
        raise Refused(f"your view '{view.name}' can no longer be read: {wrong.message}", hint)
    return view


def filters_of(view: View) -> tuple[Filter, ...]:
    return parse_filters(view.q)


def _tell(found: Sequence[View], output: Output) -> None:
    from im.cli.output.table import say_json, text_table
    from im.cli.output.terminal import plain, takes_colour

    if output.form == "json":
        from im.views.user import view_json

        say_json([view_json(one) for one in found])
    elif output.form in ("name", "id"):
        for one in found:
            click.echo(plain(one.name))
    elif not found:
        click.echo(NONE)
    else:
        body = [[plain(one.name), plain(_shown(one))] for one in found]
        click.echo(text_table(("NAME", "SHOWS"), body), color=takes_colour())


def _shown(one: View) -> str:
    wrong = wrong_with(one)
    return one.command if wrong is None else f"can no longer be read: {wrong.message}"


def _plain(text: str) -> str:
    from im.cli.output.terminal import plain

    return plain(text)
