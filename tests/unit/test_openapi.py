"""docs/openapi.json is what the application says of itself. `make openapi` writes it anew."""

from __future__ import annotations

import json

from im.context import open_context
from im.settings import Settings
from im.web.app import make_app
from tests.documented import ROOT

FILE = ROOT / "docs" / "openapi.json"


def described() -> str:
    ctx = open_context(Settings())  # nothing is connected for it
    try:
        return json.dumps(make_app(ctx).openapi(), indent=1, ensure_ascii=False) + "\n"
    finally:
        ctx.dispose()


def test_the_file_is_what_the_application_says() -> None:
    assert FILE.read_text() == described(), "run: make openapi"


if __name__ == "__main__":
    FILE.write_text(described())
