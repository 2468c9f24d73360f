"""Who has no name is no root: Celery, which looks the group up, says otherwise into a log that is read as JSON."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.documented import ROOT
from workers.nameless import nameless


@pytest.mark.parametrize(("user", "group", "is_nameless"), [(61289, 61289, True), (61289, 0, False), (0, 61289, False)])
def test_by_the_numbers(user: int, group: int, is_nameless: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: user)
    monkeypatch.setattr(os, "getegid", lambda: group)
    assert nameless() is is_nameless


def test_celery_says_nothing_of_it_at_its_start() -> None:
    """A command of Celery's that ends by itself, between whose start and end its own judgement is asked for."""
    asked = """
import os, runpy, sys
from celery.platforms import check_privileges
from workers.main import app
os.geteuid, os.getegid, os.getgid = (lambda: 61289), (lambda: 61289), (lambda: 61289)
app.start = lambda _: check_privileges(["json"])
sys.argv = ["workers", "worker"]
runpy.run_module("workers", run_name="__main__", alter_sys=True)
"""
    done = subprocess.run([sys.executable, "-c", asked], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stderr == ""
