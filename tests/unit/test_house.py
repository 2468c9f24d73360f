"""The rules of the house, as tests: who may import whom, what ticks, which tasks and queues there are."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from beat_schedule import BEAT_SCHEDULE
from im.queue import periods
from im.queue.celery import broker_settings
from im.queue.tasks import DEADLINES, DOORBELLS_PER_MESSAGE, ROUTES, Task
from im.settings import Settings
from workers.app import HARD_LIMIT, SOFT_LIMIT, make_app, worker_settings
from workers.tasks import checked

ROOT = Path(__file__).parents[2]
SETTINGS = Settings(database_url="postgresql:///none", broker_url="redis://127.0.0.1:1/0")


def test_who_may_import_whom() -> None:
    done = subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_every_named_task_is_registered_routed_and_nothing_else_is() -> None:
    app = make_app(SETTINGS)
    registered = {name for name in app.tasks if not name.startswith("celery.")}
    assert registered == {task.value for task in Task}
    assert set(ROUTES) == set(Task)


def test_beat_rings_what_exists_at_the_promised_pace() -> None:
    pace = {entry["task"]: entry["schedule"] for entry in BEAT_SCHEDULE.values()}
    assert pace == {Task.REFRESH.value: 10.0, Task.ENFORCE_TTL.value: 30.0}


def test_deadlines_do_not_queue_behind_requests() -> None:
    assert [task for task, queue in ROUTES.items() if queue == DEADLINES] == [Task.ENFORCE_TTL]


def test_a_message_is_not_delivered_again_while_its_task_may_still_run() -> None:
    visibility = broker_settings(SETTINGS)["broker_transport_options"]["visibility_timeout"]
    assert SOFT_LIMIT < HARD_LIMIT < visibility
    assert visibility > periods.ENFORCE_EVERY


def test_only_json_is_read_and_no_results_are_kept() -> None:
    settings = broker_settings(SETTINGS)
    assert settings["accept_content"] == ["json"]
    assert settings["result_backend"] is None
    assert worker_settings()["task_acks_late"] is True


@pytest.mark.parametrize(
    "message",
    [None, 7, "im-1", {"im-1": 1}, [1], [["im-1"]], [""], ["x" * 65], ["im-1"] * (DOORBELLS_PER_MESSAGE + 1), [None]],
)
def test_a_message_of_the_wrong_shape_is_refused(message: object) -> None:
    assert checked(message) is None


def test_a_message_of_the_right_shape_is_taken() -> None:
    assert checked(("im-1", "im-2")) == ["im-1", "im-2"]
    assert checked(()) == []


def test_no_file_is_a_dumping_ground() -> None:
    names = {path.stem for folder in ("im", "workers") for path in (ROOT / folder).rglob("*.py")}
    assert not names & {"utils", "helpers", "common", "misc", "manager"}


def _python_files() -> list[Path]:
    return [path for folder in ("im", "workers", "tests") for path in (ROOT / folder).rglob("*.py")]


def test_no_file_is_longer_than_can_be_read_at_a_sitting() -> None:
    lengths = {path: path.read_text().count("\n") for path in _python_files()}
    assert {str(path): lines for path, lines in lengths.items() if lines > 300} == {}


def test_no_folder_has_more_files_than_can_be_seen_at_a_glance() -> None:
    crowd = Counter(path.parent for path in _python_files())
    assert {str(folder): files for folder, files in crowd.items() if files > 24} == {}


def test_what_was_observed_of_a_machine_has_one_writer() -> None:
    """A stretch of running time that a second writer forgot would cost money."""
    owed = re.compile(r"\b(usage\.follow|spot\.learn)\(|\bobserved_at=(?!None)|\"(observed_at|launched_at)\": case\(")
    # a view writes nothing: it makes a row again from its document
    rooms = [path for path in (ROOT / "im").rglob("*.py") if "views" not in path.relative_to(ROOT).parts]
    writers = {p.relative_to(ROOT).as_posix() for p in rooms if owed.search(p.read_text())}
    assert writers == {"im/db/instances/facts.py"}
