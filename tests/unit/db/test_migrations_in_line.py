"""Migrations stand in one line, each with a number of its own: two written side by side are noticed before a server is."""

from __future__ import annotations

from pathlib import Path

from alembic.script import ScriptDirectory

from im.db.schema.migrate import config


def test_every_migration_follows_one_other_and_is_called_by_its_number() -> None:
    script = ScriptDirectory.from_config(config())
    line = [one.revision for one in script.walk_revisions()]
    assert line == sorted(line, reverse=True)
    files = sorted(Path(script.versions).glob("[0-9]*.py"))
    assert [one.name[:4] for one in files] == line[::-1]
