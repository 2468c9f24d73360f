"""`im`: the table of commands, the options that every command has, and the one place where failures become words and codes."""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from io import TextIOWrapper
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import Any, NoReturn

import click

from im import __version__
from im.cli.lazy import Entry, LazyGroup
from im.cli.output.errors import (
    complain,
    complain_of,
    complain_of_end,
    complain_of_telling,
    complain_of_unforeseen,
    complain_of_usage,
)
from im.cli.session import Session
from im.domain.errors import ImError, Refused
from im.views.exits import Ended, Exit

COMMANDS: Mapping[str, Entry] = MappingProxyType(
    {
        "create": Entry("Instances", "im.cli.commands.create:create", "Create an instance, for a while."),
        "extend": Entry("Instances", "im.cli.commands.change:extend", "Move the deadline; a stopped instance wakes."),
        "stop": Entry("Instances", "im.cli.commands.change:stop", "Stop it now; its disk stays."),
        "start": Entry("Instances", "im.cli.commands.change:start", "Start it again, or try a failed launch again."),
        "terminate": Entry("Instances", "im.cli.commands.change:terminate", "End it for good, disk and all."),
        "protect": Entry("Instances", "im.cli.commands.protect:protect", "Refuse to terminate it, or no longer."),
        "adopt": Entry("Instances", "im.cli.commands.adopt:adopt", "Take in a machine that im never made."),
        "ssh": Entry("Instances", "im.cli.commands.ssh:ssh", "Log in, or print the ssh line."),
        "list": Entry("See", "im.cli.commands.list:list_", "Every instance: state, address, time left."),
        "status": Entry("See", "im.cli.commands.list:status", "One instance in detail."),
        "view": Entry("See", "im.cli.commands.people.view:view", "Lists that you have saved: filter and columns."),
        "why": Entry("See", "im.cli.commands.why:why", "Why is it in this state, and what happens next?"),
        "agenda": Entry("See", "im.cli.commands.why:agenda", "What will stop, when, and what that saves."),
        "cost": Entry("See", "im.cli.commands.money.cost:cost", "What was spent, by whom and on what."),
        "history": Entry("See", "im.cli.commands.history:history", "What happened to it, when, and by whose hand."),
        "orphans": Entry("See", "im.cli.commands.orphans:orphans", "Machines of ours that no row has."),
        "metrics": Entry("Run", "im.cli.commands.metrics:metrics", "The fleet's state in Prometheus' format."),
        "gc": Entry("Run", "im.cli.commands.leftovers:gc", "Take away groups and keys of ours that nothing uses."),
        "pause": Entry("Run", "im.cli.commands.pause:pause", "Hold all deadlines for an incident."),
        "resume": Entry("Run", "im.cli.commands.pause:resume", "End a pause."),
        "up": Entry("Run", "im.cli.commands.stack:up", "Start the whole thing on this machine."),
        "down": Entry("Run", "im.cli.commands.stack:down", "Stop what `im up` started; the data stays."),
        "service": Entry("Run", "im.cli.commands.fleet:service", "Worker and beat in one process group."),
        "worker": Entry("Run", "im.cli.commands.fleet:worker", "A worker: the one who talks to the cloud."),
        "beat": Entry("Run", "im.cli.commands.fleet:beat", "The clock: refresh every 10 s, deadlines every 30 s."),
        "flower": Entry("Run", "im.cli.commands.fleet:flower", "A window on the queue, in the browser."),
        "web": Entry("Run", "im.cli.commands.fleet:web", "The page and the API over HTTP."),
        "mcp": Entry("Run", "im.cli.commands.mcp:mcp", "Tools for an agent, over stdin and stdout."),
        "demo": Entry("Set up", "im.cli.commands.demo:demo", "Watch one instance live its whole life, in a minute."),
        "doctor": Entry(
            "Set up", "im.cli.commands.doctor:doctor", "Check everything, and say how to mend what is broken."
        ),
        "budget": Entry(
            "Set up", "im.cli.commands.money.budget:budget", "What may be spent in a month, and what is left."
        ),
        "user": Entry(
            "People", "im.cli.commands.people.user:user", "Who there is: people, services, teams, and their roles."
        ),
        "token": Entry("People", "im.cli.commands.people.token:token", "What programs show in place of a person."),
        "session": Entry(
            "People", "im.cli.commands.people.session:session", "Browsers that are signed in, and their end."
        ),
        "quota": Entry(
            "People", "im.cli.commands.people.quota:quota", "How many, how much an hour and how long, for each."
        ),
        "give": Entry("People", "im.cli.commands.people.give:give", "Hand it over to another user or team."),
        "audit": Entry(
            "People", "im.cli.commands.people.audit:audit", "Who changed users, tokens, quotas, budgets, prices."
        ),
        "login": Entry(
            "People", "im.cli.commands.people.login:login", "Let every command speak to an im web, by a token."
        ),
        "logout": Entry("People", "im.cli.commands.people.login:logout", "Forget the token that im login has kept."),
        "webhook": Entry(
            "Set up", "im.cli.commands.people.webhook:webhook", "Who is told, over HTTP, when something happens."
        ),
        "offers": Entry(
            "Set up", "im.cli.commands.money.offers:offers", "Which clouds have these GPUs, where, and at what price."
        ),
        "prices": Entry(
            "Set up", "im.cli.commands.money.prices:prices", "What things cost an hour, and where that is from."
        ),
        "db": Entry("Set up", "im.cli.commands.database:db", "Migrate the database."),
        "completion": Entry(
            "Set up", "im.cli.commands.completion:completion", "Tab completion for bash, zsh and fish."
        ),
    }
)

HIDDEN: Mapping[str, Entry] = MappingProxyType(
    {"enter": Entry("", "im.cli.commands.enter:enter", "What im ssh runs where a cloud's own tool is missing.")}
)
"""For programs: what stands in lines that other commands print."""

SYNONYMS: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("launch", "run", "new", "add"), "create"),
        **dict.fromkeys(("rm", "remove", "delete", "destroy", "kill"), "terminate"),
        **dict.fromkeys(("ls", "ps", "instances"), "list"),
        **dict.fromkeys(("show", "get", "describe", "info"), "status"),
        **dict.fromkeys(("wake",), "start"),
        **dict.fromkeys(("renew", "prolong"), "extend"),
        **dict.fromkeys(("log", "logs", "events"), "history"),
        **dict.fromkeys(("costs", "bill", "spend", "spent"), "cost"),
        **dict.fromkeys(("halt",), "stop"),
        **dict.fromkeys(("views", "saved"), "view"),
        **dict.fromkeys(("import", "register", "take-in"), "adopt"),
        **dict.fromkeys(("strays", "lost"), "orphans"),
        **dict.fromkeys(("open", "browser", "page", "sign-in"), "web link"),
        **dict.fromkeys(("signin", "auth"), "login"),
        **dict.fromkeys(("hook", "hooks", "webhooks", "notify"), "webhook"),
        **dict.fromkeys(("signout", "sign-out"), "logout"),
        "migrate": "db upgrade",
        "connect": "ssh",
    }
)
"""What other tools call it: for "did you mean", never executed."""


def _be_verbose(ctx: click.Context, _param: click.Parameter, value: bool) -> None:
    if value:
        ctx.ensure_object(Session).verbose = True


def _live_in(_ctx: click.Context, _param: click.Parameter, value: Path | None) -> None:
    if value is not None:
        # settings are read from the environment, by us and by every process we start
        os.environ["IM_HOME"] = str(value.expanduser().absolute())


def _verbose_option() -> click.Option:
    return click.Option(
        ["--verbose"],
        is_flag=True,
        expose_value=False,
        is_eager=True,
        callback=_be_verbose,
        help="Say more; show the traceback of an unexpected error.",
    )


def _home_option() -> click.Option:
    return click.Option(
        ["--home"],
        type=click.Path(file_okay=False, path_type=Path),
        metavar="DIR",
        expose_value=False,
        is_eager=True,
        callback=_live_in,
        help="State folder of the local stack (IM_HOME).",
    )


class Im(LazyGroup):
    """The root: nothing but a line and a code leaves it, whatever happens inside."""

    def main(self, args: Sequence[str] | None = None, *rest: Any, **extra: Any) -> NoReturn:
        words = list(sys.argv[1:] if args is None else args)
        if "_IM_COMPLETE" in os.environ:  # the shell asks, on Tab; click answers and leaves
            super().main(words, *rest, **extra)
        extra["standalone_mode"] = False
        session = extra["obj"] = extra.get("obj") or Session()
        as_json, verbose = _asks_for_json(words), "--verbose" in _options_of(words)
        sys.exit(self._run(session, words, *rest, as_json=as_json, verbose=verbose, **extra))

    def _run(self, session: Session, words: list[str], *rest: Any, as_json: bool, verbose: bool, **extra: Any) -> int:
        try:
            status = super().main(words, *rest, **extra)
            sys.stdout.flush()
            return status if isinstance(status, int) else Exit.OK
        except Ended as exc:
            return complain_of_end(exc.error, as_json=as_json)
        except click.exceptions.NoArgsIsHelpError as exc:
            exc.show()
            return Exit.USAGE
        except click.ClickException as exc:
            command = next((f"im {word}" for word in words if word in COMMANDS), "im")
            return complain_of_usage(exc, typed=command, as_json=as_json)
        except (click.Abort, KeyboardInterrupt):
            return self._interrupted(session, as_json=as_json)
        except Exception as exc:
            if isinstance(exc, OSError) and exc.filename is None:
                _let_go_of_stdout()
            if session.stored:
                return complain_of_telling(session.stored, exc, verbose=verbose, as_json=as_json)
            if isinstance(exc, ImError):
                return complain_of(exc, as_json=as_json, writing=session.writing)
            if isinstance(exc, BrokenPipeError):  # the reader has seen enough
                return Exit.FAILURE
            return complain_of_unforeseen(exc, writing=session.writing, verbose=verbose, as_json=as_json)

    def _interrupted(self, session: Session, *, as_json: bool) -> int:
        if session.stored:
            told = f"interrupted, but {session.stored} is stored and goes on"
            complain(told, "im list", code="interrupted", status=Exit.INTERRUPTED, as_json=as_json)
        elif session.in_doubt:
            told = "interrupted in the very moment of storing: it may be stored"
            complain(told, "im list  shows whether", code="interrupted", status=Exit.INTERRUPTED, as_json=as_json)
        elif session.writing:
            complain(
                "interrupted; nothing was stored", "", code="interrupted", status=Exit.INTERRUPTED, as_json=as_json
            )
        return Exit.INTERRUPTED


def _let_go_of_stdout() -> None:
    """It takes nothing more, and the interpreter's own last flush must not complain of that either."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@click.command(
    cls=Im,
    entries=COMMANDS,
    synonyms=SYNONYMS,
    hidden=HIDDEN,
    everywhere=(_verbose_option(), _home_option()),
    params=[_verbose_option(), _home_option()],
    context_settings={"help_option_names": ["-h", "--help"]},
    # a line that is cut in the middle of a command cannot be copied
    epilog="\b\nFirst steps:\n  im up -d\n  im create --public-key ~/.ssh/id_ed25519.pub -d 1h\n  im list",
)
@click.option("-d", "--duration", metavar="DURATION", help="As after create, extend or start: 30s, 15m, 2h, 1d12h.")
@click.version_option(__version__, prog_name="im", message="%(prog)s %(version)s")
@click.pass_context
def im(ctx: click.Context, duration: str | None) -> None:
    """Every cloud instance gets a deadline: created, watched, stopped in time, woken again when extended."""
    session = ctx.ensure_object(Session)
    ctx.call_on_close(session.close)
    if duration is not None:
        _hand_down(ctx, duration)


def _hand_down(ctx: click.Context, duration: str) -> None:
    """The seed also takes `-d` before the command."""
    assert ctx.invoked_subcommand is not None
    command = im.get_command(ctx, ctx.invoked_subcommand)
    if command is None or not any(param.name == "duration" for param in command.params):
        raise Refused(
            f"im {ctx.invoked_subcommand} takes no duration", "leave out -d; create, extend and start take it"
        )
    ctx.default_map = {ctx.invoked_subcommand: {"duration": duration}}


def _options_of(words: Sequence[str]) -> list[str]:
    """The words before `--`: what follows belongs to another program."""
    return list(words[: words.index("--")] if "--" in words else words)


def _asks_for_json(words: Sequence[str]) -> bool:
    """Seen without parsing, because what has to be told may be that it cannot be parsed."""
    options = _options_of(words)
    if {"--json", "-ojson", "-o=json", "--output=json"}.intersection(options):
        return True
    return any(pair in (("-o", "json"), ("--output", "json")) for pair in pairwise(options))


def main() -> NoReturn:
    # one command lives a second and keeps what it makes: looking for garbage while importing is a seventh of its time
    gc.set_threshold(100_000, 50, 100)
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:  # closed by who started us; its number must not become a connection's
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115 - as long as the process
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without → still gets the answer
    if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        # whoever ends a command from outside is told as after Ctrl-C what is stored by then, also where Ctrl-C is ignored
        signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        im.main(prog_name="im")
    finally:
        gc.freeze()  # nor is there any use in looking for it on the way out


if __name__ == "__main__":
    main()
