"""SQLAlchemy alone: what it loads beside itself comes with its first use, and nobody else gets less than all of it."""

from __future__ import annotations

import subprocess
import sys

BARE = "import sys\nfrom im.cli.backend.direct import lean\nlean.load()\nassert 'sqlalchemy' in sys.modules\n"
LOADED = "print(lean.BESIDE in sys.modules)\n"


def _told(program: str) -> list[str]:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_it_is_loaded_without_that_until_it_uses_it() -> None:
    use = "from sqlalchemy.util import compat\ncompat.importlib_metadata_get('sqlalchemy.dialects')\n"
    assert _told(f"{BARE}{LOADED}{use}{LOADED}") == ["False", "True"]


def test_who_imports_it_gets_the_real_one() -> None:
    program = f"{BARE}from importlib import metadata\nassert metadata is sys.modules['importlib.metadata']\n"
    (version,) = _told(f"{program}print(metadata.version('click'))")
    assert version[0].isdigit()


def test_beside_another_thread_all_of_it_is_loaded() -> None:
    program = "import sys, threading\nfrom im.cli.backend.direct import lean\nend = threading.Event()\n"
    program += (
        "other = threading.Thread(target=end.wait)\nother.start()\nlean.load()\nprint('sqlalchemy' in sys.modules)\n"
    )
    assert _told(f"{program}import sqlalchemy\n{LOADED}end.set()") == ["False", "True"]
