"""What `im` is before a command runs: light, complete, and helpful to whoever mistypes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from im import cli as im_cli
from im.cli.main import COMMANDS, SYNONYMS, im

HEAVY = (
    "sqlalchemy",
    "celery",
    "kombu",
    "boto3",
    "botocore",
    "rich",
    "structlog",
    "alembic",
    "redis",
    "im.services",
    "im.db",
)


def _loaded_by(*words: str) -> set[str]:
    """The heavy modules that a real `im` process has loaded when it ends."""
    told = (
        "import sys, atexit\n"
        f"atexit.register(lambda: print([m for m in {HEAVY!r} if m in sys.modules], file=sys.stderr))\n"
        f"sys.argv = ['im', *{list(words)!r}]\n"
        "from im.cli.main import main\n"
        "main()\n"
    )
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    found: set[str] = set(eval(done.stderr.strip().splitlines()[-1]))  # noqa: S307  # our own print
    return found


@pytest.mark.parametrize("words", [("--help",), ("--version",)])
def test_help_and_version_load_nothing_heavy(words: tuple[str, ...]) -> None:
    assert _loaded_by(*words) == set()


def test_the_help_of_create_loads_no_library_either() -> None:
    assert _loaded_by("create", "--help") == set()


@pytest.mark.parametrize("name", COMMANDS)
def test_the_line_in_the_list_is_the_commands_own(name: str) -> None:
    command = im.get_command(click.Context(im), name)
    assert command is not None
    assert COMMANDS[name].says == (command.short_help or command.get_short_help_str(limit=200))


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_and_the_options_that_work_everywhere(name: str) -> None:
    told = CliRunner().invoke(im, [name, "--help"])
    assert told.exit_code == 0, told.output
    command = im.get_command(click.Context(im), name)
    assert command is not None
    inner = command.commands.values() if isinstance(command, click.Group) else [command]
    for one in inner:
        assert {"--verbose", "--home"} <= {o for p in one.params for o in p.opts}


def test_the_help_names_every_command_under_its_section() -> None:
    told = CliRunner().invoke(im, ["--help"]).stdout
    for name, entry in COMMANDS.items():
        section = told.index(f"\n{entry.section}:")
        assert told.index(f"\n  {name} ", section) > section


def test_synonyms_lead_to_commands_there_are_and_hide_none() -> None:
    assert {meant.split()[0] for meant in SYNONYMS.values()} <= set(COMMANDS)
    assert not set(SYNONYMS) & set(COMMANDS)


MISTYPED = [
    ("lst", "there is no command 'lst'. Did you mean im list?"),
    ("ls", "there is no command 'ls'. Did you mean im list?"),
    ("rm web-1", "there is no command 'rm'. Did you mean im terminate?"),
    ("xyzzy", "there is no command 'xyzzy'. Next: im --help"),
    ("create --dryrun", "im create has no option --dryrun. Did you mean --dry-run?"),
    ("list --xyzzy", "im list has no option --xyzzy. Next: im list --help"),
    ("list -o xml", "invalid value for '-o' / '--output': 'xml' is not one of 'table', 'json', 'name'."),
    ("list -q -o name", "the answer can have one form only. Next: leave all but one of -o, --json and -q out"),
    ("list --columns nope", "there is no column 'NOPE'. Next: choose from NAME, ID, PROVIDER, TYPE,"),
    ("stop", "which instance? Next: im stop NAME, or --filter owner=me; im list  shows the names"),
    ("stop a;b", "'a;b' can be neither a name nor an id. Next: im list  shows both"),
    ("status ../etc", "'../etc' can be neither a name nor an id. Next: im list  shows both"),
    ("history wéb", "'wéb' can be neither a name nor an id. Next: im list  shows both"),
    ("history", "which instance? Next: im history NAME; im list --all  shows the names"),
    ("ssh", "which instance? Next: im ssh NAME; im list  shows the names"),
    ("stop web --all", "name the instances or select them by --all and --filter, not both. Next: leave one out"),
    ("stop --filter colour=red", "--filter colour=red is not understood. Next: write key=value with a key of owner,"),
    ("list --filter state=running", "--filter state=running is not understood. Did you mean status=running?"),
    ("create --name", "option '--name' requires an argument. Next: im create --help"),
    ("list --filter owner=", "--filter owner= is not understood. Next: write key=value"),
    ("extend web", "for how long? Next: im extend NAME -d 2h, or --until 18:00"),
    (
        "extend web -d 1h --until 18:00",
        "a deadline is given by -d or by --until, not by both. Next: leave one of them out",
    ),
    ("extend web -d 90", "'90' has no unit. Next: say 90m for minutes or 90h for hours"),
    ("create -d 0s", "'0s' is no time at all. Next: write it like 30s, 15m, 2h, 1d12h or 1w"),
    ("create -d -5m", "'-5m' is not a duration. Next: write it like 30s, 15m, 2h, 1d12h or 1w"),
    ("create -d 1000000000000s", "'1000000000000s' is not a duration."),
    ("create -d 999999999s", "'999999999s' is longer than a year. Next: ask for at most 365d and extend later"),
    ("create --until 25:00", "'25:00' is no time of day. Next: write it like 18:00"),
    ("-d 1m list", "im list takes no duration. Next: leave out -d; create, extend and start take it"),
    ("-d 1m create --until 18:00", "a deadline is given by -d or by --until, not by both."),
    ("completion tcsh", "invalid value for '{bash|zsh|fish}': 'tcsh' is not one of 'bash', 'zsh', 'fish'."),
]


@pytest.mark.parametrize(("line", "told"), MISTYPED)
def test_a_mistyped_line_gets_one_clear_line_and_exit_code_2(line: str, told: str) -> None:
    result = CliRunner().invoke(im, line.split(), prog_name="im")
    assert result.stderr.startswith(f"im: {told}")
    assert len(result.stderr.splitlines()) == 1
    assert result.stdout == ""
    assert result.exit_code == 2


def test_with_json_an_error_is_json_on_stderr_and_stdout_stays_empty() -> None:
    result = CliRunner().invoke(im, ["extend", "web", "-d", "0s", "-o", "json"])
    assert result.stdout == ""
    assert result.exit_code == 2
    assert json.loads(result.stderr) == {
        "error": {
            "code": "refused",
            "message": "'0s' is no time at all",
            "hint": "write it like 30s, 15m, 2h, 1d12h or 1w",
            "exit": 2,
        }
    }


@pytest.mark.parametrize("words", [["ssh", "web", "--bogus", "--", "--json"], ["list", "--bogus", "-o", "name"]])
def test_json_meant_for_another_program_or_not_asked_for_is_not_answered(words: list[str]) -> None:
    assert CliRunner().invoke(im, words).stderr.startswith("im: ")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_script_that_asks_im(shell: str) -> None:
    told = CliRunner().invoke(im, ["completion", shell])
    assert told.exit_code == 0
    assert "_IM_COMPLETE" in told.stdout


def test_the_shell_is_answered_on_tab() -> None:
    asked = {"_IM_COMPLETE": "bash_complete", "COMP_WORDS": "im ext", "COMP_CWORD": "1"}
    assert CliRunner().invoke(im, [], env=asked, prog_name="im").stdout == "plain,extend\n"


def test_an_unexpected_error_is_one_line_unless_verbose(monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks() -> None:
        raise RuntimeError("redis://:secret@host is odd\nand more")

    monkeypatch.setattr("im.settings.Settings.from_env", breaks)
    result = CliRunner().invoke(im, ["list"])
    assert result.exit_code == 1
    assert result.stderr == (
        f"im: this is a fault in im itself, at {_last_line_of_ours()}. Next: again with --verbose for all of it, and report it\n"
    )
    loud = CliRunner().invoke(im, ["list", "--verbose"])
    assert loud.exit_code == 1
    assert "Traceback" in loud.stderr
    assert "RuntimeError: redis://***@host is odd" in loud.stderr


def _last_line_of_ours() -> str:
    """Where a session reads its settings."""
    lines = (Path(im_cli.__file__).parent / "session.py").read_text().splitlines()
    at = next(number for number, line in enumerate(lines, 1) if "Settings.from_env()" in line)
    return f"im/cli/session.py:{at}"


def test_ctrl_c_ends_quietly_with_130(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("im.settings.Settings.from_env", interrupted)
    result = CliRunner().invoke(im, ["list"])
    assert result.exit_code == 130
    assert result.stderr.strip() == ""


def test_a_reader_who_has_seen_enough_gets_no_complaint() -> None:
    line = f"set -o pipefail; {sys.executable} -m im.cli.main --help | true"
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, timeout=60)
    assert done.stderr == ""
    assert done.returncode in (0, 1)
