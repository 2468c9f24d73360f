"""What the roads share: the key of whoever creates."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.test_cli_road import KEY


@pytest.fixture
def key(tmp_path: Path) -> str:
    file = tmp_path / "id.pub"
    file.write_text(KEY)
    return str(file)
