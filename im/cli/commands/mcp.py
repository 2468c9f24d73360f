"""`im mcp`: tools for an agent."""

from __future__ import annotations

import click

from im.cli.session import Session, pass_session
from im.domain.errors import Refused, Unavailable


@click.command(short_help="Tools for an agent, over stdin and stdout.")
@pass_session
def mcp(session: Session) -> None:
    """Tools for an agent, over stdin and stdout, by the Model Context Protocol. An agent's program starts it.

    It asks the API where one is named (IM_API_URL and IM_TOKEN, or im login), in the right of that token, and else the database
    itself, as you. `im web` serves the same tools at /mcp.
    """
    session.log_to_stderr()
    try:
        from im.mcp import local
    except ModuleNotFoundError as exc:
        raise Refused(f"im mcp needs {exc.name}, which is not installed", "pip install 'im-instances[mcp]'") from None
    if session.place is not None:
        local.serve(local.over(session.place))
        return
    if not session.settings.database_url:
        raise Unavailable(
            "no API and no database is named, and no local stack is running",
            "set IM_API_URL and IM_TOKEN, or im up -d  starts everything on this machine",
        )
    local.serve(local.beside(session.settings))
