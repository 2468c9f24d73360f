"""Every command line in README and docs is one that there is, and something runs it.

Lines of `im` that need nothing outside are typed by tests/integration/cli/test_documented.py. The others stand here with the test
that runs them; a line that nobody holds fails.
"""

from __future__ import annotations

import contextlib
import importlib.util
import re
import subprocess
from collections.abc import Sequence

import botocore.session
import click
import pytest
import yaml
from botocore import xform_name
from click.core import ParameterSource

from im import __version__
from im.cli.main import im
from im.cli.session import Session
from im.domain.config.limits import parse_limits
from im.providers.aws.region import VARIABLES
from im.settings import every_setting
from tests.documented import DOCUMENTS, ROOT, all_lines, commands, elsewhere, inside_container, spans, words_of_im
from tests.unit.test_docs import definitions

STACK, FLEET, ROAD = "e2e/test_stack_life.py", "e2e/test_stack_fleet.py", "e2e/test_cli_road.py"
LOGIN = "integration/remote/test_login.py"
AWAY = "integration/cli/test_services_away.py"
RESTORE = "integration/deadlines/test_restore.py::test_every_line_of_the_page_is_typed_in_its_order"
RUN_BY = {
    "im up -d": f"{STACK}::test_every_part_answers_and_the_workers_are_reserved_as_promised",
    "im up --cloud aws": f"{STACK}::test_a_real_cloud_is_never_used_unasked",
    "im down": f"{STACK}::test_down_keeps_rows_and_machines_and_up_in_the_foreground_is_one_log",
    "im demo": "e2e/test_cli_demo.py::test_beside_a_running_stack_it_shows_every_stage_and_clears_away",
    "im doctor": f"{ROAD}::test_doctor_finds_nothing_wrong_and_says_what_it_asked",
    "im doctor --only cloud": "e2e/test_accounts.py::test_an_account_that_hangs_and_one_that_denies_slow_down_nobody",
    "im login https://im.example.com": f"{LOGIN}::test_signed_in_every_command_speaks_to_it_until_signed_out",
    "im logout": f"{LOGIN}::test_signed_in_every_command_speaks_to_it_until_signed_out",
    "im list --watch": f"{ROAD}::test_watch_shows_it_again_until_ctrl_c",
    "im service": f"{FLEET}::test_service_keeps_worker_and_beat_alive_and_ctrl_c_ends_both",
    "im worker -c 4": f"{FLEET}::test_worker_becomes_celery_and_ends_well_on_sigterm",
    "im worker -Q im.deadlines -c 1": f"{FLEET}::test_worker_becomes_celery_and_ends_well_on_sigterm",
    "im web": "integration/web/test_process.py::test_im_web_serves_until_it_is_ended",
    "im mcp": "integration/mcp/test_process.py::test_an_agents_program_starts_it_and_asks_the_api",
    "im beat": "e2e/test_foreign_folder.py::test_nothing_of_the_current_folder_is_run",
    "im flower": f"{FLEET}::test_flower_is_closed_to_others_unless_told_otherwise",
    "im db resume --json": RESTORE,
    "im db resume --yes": RESTORE,
    "im doctor --only deadlines": RESTORE,
    "im db status": f"{AWAY}::test_a_database_that_was_never_migrated_says_what_to_type_and_then_works",
    "im db upgrade": "e2e/test_worker_life.py::test_a_database_that_is_behind_is_refused_with_what_to_type",
    "im db roles": "integration/db/test_roles.py::test_rights_are_given_again_at_any_time",
    "celery -A workers.main worker": "chaos/test_worker_outlives.py::test_a_plain_celery_worker_takes_from_every_queue",
}
CHART = "deploy/chart.py"
HELM = {
    "install": f"{CHART}::test_kubernetes_takes_what_comes_of_it",
    "upgrade": f"{CHART}::test_kubernetes_takes_what_comes_of_it",
    "test": f"{CHART}::test_only_workers_hold_what_the_clouds_are_shown",
    "rollback": f"{CHART}::test_helm_lints_it",
}
"""helm's verbs, by what tries the chart that they are given: a cluster to be installed in is not at hand."""
OTHERS_OWN = (
    f"docker build -t REGISTRY/im:{__version__} .",
    f"docker push REGISTRY/im:{__version__}",
    "kubectl create namespace im",
    "kubectl -n im rollout status deploy/im-worker",
    "python3 -m venv /opt/im",
    "/opt/im/bin/pip install .[web,clouds]",
    "install -D -m 600 im.env /etc/im/im.env",
    "cp deploy/systemd/im-*.service /etc/systemd/system/",
    "systemctl enable --now im-worker im-deadlines im-beat im-web",
    "kubectl -n im create secret generic im-services --from-env-file=services.env",
    "python3 -m venv .venv",
    ".venv/bin/pip install -e .[local]",
    ".venv/bin/pip install -e .[local,dev]",
    ".venv/bin/python -m pytest -n 4 --dist worksteal",
    "cp .env.example .env",
    "chmod 600 .env",
    "echo IM_SANDBOX_URL=http://sandbox:$(openssl rand -hex 24)@sandbox:5000 >> .env",
    "git pull",
    "pg_dump --format=custom --file=im.dump $IM_DATABASE_URL",
    "psql $IM_DATABASE_URL -c DROP SCHEMA public CASCADE -c CREATE SCHEMA public",
    "pg_restore --single-transaction --no-owner --dbname=$IM_DATABASE_URL im.dump",
    "ssh-keygen -t ed25519",
    "openssl rand -hex 24",
    "aws --version",
)
"""Programs that are none of ours, called as their own documents have it."""
LINES = [(str(line), words) for line in all_lines() for words in commands(line.text)]
SPANS = [(f"{d.name}: {span}", words) for d in DOCUMENTS for span in spans(d) for words in commands(span) if words[1:]]
EVERY = LINES + SPANS
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]


def of(program: str, among: Sequence[tuple[str, list[str]]] = EVERY) -> dict[str, list[str]]:
    """The words after `program`, by the place where they are written."""
    size = len(program.split())
    return {where: words[size:] for where, words in among if words[:size] == program.split() and words[size:]}


def of_im(among: Sequence[tuple[str, list[str]]]) -> dict[str, list[str]]:
    return {where: own for where, words in among if (own := words_of_im(words)) is not None}


def parsed(words: Sequence[str]) -> click.Context:
    """As the real command line reads them, without doing anything."""
    session = Session()
    context = im.make_context("im", list(words), obj=session)
    command: click.Command = im
    while isinstance(command, click.Group) and (rest := [*context._protected_args, *context.args]):
        _, found, rest = command.resolve_command(context, rest)
        assert found is not None
        command, context = found, found.make_context(rest[0] if rest else "", rest, parent=context)
    return context


@pytest.mark.parametrize("words", of_im(LINES).values(), ids=of_im(LINES))
def test_a_whole_line_of_im_is_read_with_every_option(words: list[str]) -> None:
    context = parsed(words)
    given = [name for name in context.params if context.get_parameter_source(name) is ParameterSource.COMMANDLINE]
    assert len(given) <= len(words)


@pytest.mark.parametrize("words", of_im(SPANS).values(), ids=of_im(SPANS))
def test_what_the_text_names_is_there_though_more_may_belong_to_it(words: list[str]) -> None:
    with contextlib.suppress(click.MissingParameter, click.exceptions.Exit):
        parsed([word.replace("…", "x") for word in words if word != "/"])


def test_every_line_is_run_by_somebody() -> None:
    held = {*RUN_BY, *OTHERS_OWN}
    ours = {where: " ".join(["im", *own]) for where, own in of_im(LINES).items() if elsewhere(own)}
    checked_here = {*of("make"), *of("docker compose"), *of_im(LINES)} - {*ours}
    assigned = re.compile("export|[A-Z_]+=")
    others = {
        where: ours.get(where, " ".join(words))
        for where, words in LINES
        if where not in checked_here and not (words[0] == "helm" and words[1] in HELM) and not assigned.match(words[0])
    }
    assert {where: command for where, command in others.items() if command not in held} == {}
    assert {*RUN_BY.values(), *HELM.values()} - definitions() == set()


def test_a_command_that_is_held_is_still_told_of() -> None:
    told = {" ".join(words) for _, words in EVERY} | {" ".join(["im", *own]) for own in of_im(EVERY).values()}
    assert {*RUN_BY, *OTHERS_OWN} - told - {"openssl rand -hex 24"} == set()


@pytest.mark.parametrize("words", of("make").values(), ids=of("make"))
def test_make_would_do_it(words: list[str]) -> None:
    done = subprocess.run(["make", "-n", *words], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("words", of("docker compose").values(), ids=of("docker compose"))
def test_compose_knows_the_services_and_profiles(words: list[str]) -> None:
    rest = list(words)
    if rest[0] == "--profile":
        assert rest[1] in {name for one in COMPOSE.values() for name in one.get("profiles", ())}
        rest = rest[2:]
    verb = rest.pop(0)
    assert verb in {"up", "down", "ps", "run", "exec", "logs", "stop"}
    scaled = [word.partition("=")[0] for at, word in enumerate(rest) if rest[at - 1] == "--scale"]
    named = [
        w for at, w in enumerate(rest) if not w.startswith("-") and rest[at - 1] not in ("--scale", "--tail", "-v")
    ]
    inside = inside_container([verb, *rest])
    if verb in ("run", "exec"):
        named = [word for word in named if word not in inside or word in COMPOSE][:1]
    assert named or verb not in ("run", "exec")
    assert {*named, *scaled} - {*COMPOSE} == set()


def test_what_is_exported_is_read_by_somebody() -> None:
    known = {one.metadata["env"] for one in every_setting().values()}
    known |= set(re.findall(r"IM_\w+_PASSWORD", (ROOT / ".env.example").read_text()))
    known |= {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", *VARIABLES}
    said = {name for where, _ in LINES for name in re.findall(r"\b([A-Z]+_[A-Z_]+)=", where)}
    assert said - known == set()


def test_limits_are_written_as_they_are_read() -> None:
    examples = [words[0].partition("=")[2] for _, words in LINES if words[0].startswith("IM_LIMITS=")]
    assert examples
    for one in examples:
        assert parse_limits(one)


def test_every_module_that_is_named_is_there() -> None:
    named = {words[0] for words in of("python -m").values()}
    assert named
    assert {name for name in named if importlib.util.find_spec(name) is None} == set()


def test_every_call_of_aws_is_one_that_aws_knows() -> None:
    session = botocore.session.get_session()
    calls = {where: words for where, words in of("aws").items() if not words[0].startswith("-")}
    assert calls
    for where, (service, call, *options) in calls.items():
        model = session.get_service_model(service)
        names = {xform_name(name, "-"): name for name in model.operation_names}
        assert call in names, where
        shape = model.operation_model(names[call]).input_shape
        known = {f"--{xform_name(member, '-')}" for member in (shape.members if shape else ())}
        assert {word for word in options if word.startswith("--")} - known == set(), where
