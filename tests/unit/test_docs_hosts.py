"""Whom im asks stands on the page of security, so that whoever writes firewall rules has all of it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.documented import ROOT

PAGE = (ROOT / "docs" / "security.md").read_text()
NEVER_ASKED = frozenset({"api.crusoecloud.com", "cloud.vast.ai", "www.googleapis.com"})
"""An old address that is read as the new one, a page for people, and names of rights."""
_HOST = re.compile(r"https://([a-z0-9-]+(?:\.[a-z0-9-]+)+)")


def hosts(source: str) -> Iterator[str]:
    """Of the URLs in a module's own words; what a docstring links is left out."""
    module = ast.parse(source)
    told = {id(one.value) for one in ast.walk(module) if isinstance(one, ast.Expr)}
    for one in ast.walk(module):
        if isinstance(one, ast.Constant) and isinstance(one.value, str) and id(one) not in told:
            yield from _HOST.findall(one.value)


def asked(folder: Path) -> set[str]:
    return {host for file in folder.rglob("*.py") for host in hosts(file.read_text())} - NEVER_ASKED


def test_every_host_that_the_code_names_is_on_the_page() -> None:
    found = asked(ROOT / "im" / "providers") | asked(ROOT / "im" / "cli" / "options")
    assert {"api.hetzner.cloud", "checkip.amazonaws.com"} <= found
    assert {host for host in found if f"`{host}`" not in PAGE} == set()
