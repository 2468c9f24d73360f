"""What a command that talks to the services loads, and what it must not: every library here costs a person time at each call."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import im
from tests.e2e.conftest import StackUnderTest

NEVER = ("celery", "kombu", "redis", "rich", "structlog", "attr", "pygments", "boto3", "botocore", "alembic")
CHANGES = ("sqlalchemy",)
"""What only a command that changes rows may load: it takes longer than all else of a look."""
FAILURES = ("traceback", "shutil", "tomllib")
"""What only a command that failed or that is drawn at a terminal needs."""
SELDOM = (
    *(
        "ssl",
        "random",
        "base64",
        "secrets",
        "im.broker",
        "im.failpoints",
        "im.domain.mark",
        "im.domain.intent",
        "im.domain.money.report",
    ),
    *("im.domain.money.offer", "im.domain.money.quote", "im.domain.sighting", "im.db.read.turns", "im.db.read.history"),
    *("im.domain.shelf.address", "im.providers.contract", "im.providers.features", "im.providers.request"),
    *("im.providers.aws.profile", "im.providers.aws.launch"),
)
"""What a look at machines that are there has no question for: each was loaded by all of them once, for a name in an annotation."""
OF_ONE = ("im.domain.lifecycle", "im.domain.explain.why", "im.providers.capabilities")
"""What is told of one machine, and not of many."""
LIMITS = ("im.services.people.quotas", "im.services.money.budgets", "im.db.schema.people", "im.db.schema.spending")
"""What keeps quotas and budgets: of a deployment that has one."""
UNASKED = (
    *("importlib.metadata", "encodings.idna", "urllib.request"),
    *("im.counted", "im.domain.selection", "im.domain.spec.gpu"),
    *("im.db.webhooks.planned", "im.db.webhooks.hooks", "im.domain.webhook.message", "im.db.schema.webhooks"),
    *("im.db.holds", "im.db.guards", "im.db.user_data", "im.db.instances.facts", "im.db.schema.work"),
    *("im.domain.people.user", "im.domain.money.budget", "im.domain.money.offer"),
)
"""What a request for a plain machine has no question for."""
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIC2fKEWpEW0v3jUhSMUhUvAgi9e4TjWN5hzKEpRTDYIG load"


def _loaded_by(stack: StackUnderTest, *words: str, never: tuple[str, ...] = NEVER) -> set[str]:
    told = (
        "import sys, atexit\n"
        f"atexit.register(lambda: print(*[m for m in {never!r} if m in sys.modules], file=sys.stderr))\n"
        f"sys.argv = ['im', *{list(words)!r}]\n"
        "from im.cli.main import main\n"
        "main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", told], env=stack.environ, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return set(done.stderr.splitlines()[-1].split())


LOOKS = (
    "list",
    "list --all -o json",
    "status",
    "status load-1",
    "status load-1 --json",
    "agenda",
    "why load-1",
    "history load-1",
)
_ROOT = Path(im.__file__).parent
_OURS = tuple(
    ".".join(("im", *one.relative_to(_ROOT).with_suffix("").parts)).removesuffix(".__init__")
    for one in _ROOT.rglob("*.py")
)


@pytest.mark.parametrize("words", LOOKS)
def test_looking_loads_the_driver_only(made: StackUnderTest, words: str) -> None:
    never = NEVER + CHANGES + FAILURES + SELDOM + (OF_ONE if words.startswith("list") else ())
    assert _loaded_by(made, *words.split(), never=never) == set()


@pytest.mark.parametrize(("words", "most"), [("list", 155), ("status load-1", 170)])
def test_a_look_stays_as_small_as_it_is(made: StackUnderTest, words: str, most: int) -> None:
    """Modules of ours: half of the time of a look is their making. They were 146 and 160 when this was written."""
    told = _loaded_by(made, *words.split(), never=_OURS)
    assert 50 < len(told) <= most


def test_a_request_rings_without_loading_a_message_library(made: StackUnderTest) -> None:
    for words in ("extend load-1 -d 1h --no-wait", "stop load-1 --no-wait", "start load-1 -d 1h --no-wait"):
        assert _loaded_by(made, *words.split()) == set()


def test_a_request_loads_what_it_needs_and_what_limits_it_where_there_is_a_limit(
    made: StackUnderTest, tmp_path: Path
) -> None:
    assert _created(made, tmp_path, "load-2", never=NEVER + UNASKED + LIMITS) == set()
    assert made.run("quota", "set", "--user", "somebody-else", "--live", "1").returncode == 0
    try:
        assert _created(made, tmp_path, "load-3", never=LIMITS[:3]) == set(LIMITS[:3])
    finally:
        assert made.run("quota", "remove", "--user", "somebody-else").returncode == 0


def _created(stack: StackUnderTest, folder: Path, name: str, *, never: tuple[str, ...] = NEVER) -> set[str]:
    key = folder / "k.pub"
    key.write_text(KEY)
    return _loaded_by(
        stack, *("create", "--name", name, "-d", "1h", "--no-wait", "--public-key", str(key)), never=never
    )


@pytest.fixture
def made(stack: StackUnderTest, tmp_path: Path) -> StackUnderTest:
    """A stack with one instance; it is made once, and by a command that is under test itself."""
    if stack.run("status", "load-1").returncode != 0:
        assert _created(stack, tmp_path, "load-1") == set()
        # what costs beside its computing is asked of its cloud's profile until the machine is seen
        assert stack.run("extend", "load-1", "-d", "2h", "--wait").returncode == 0
    return stack
