"""What docs/python.md shows can be written so: every keyword, and every part of a machine."""

from __future__ import annotations

import ast
import inspect
import re

import pytest

import im.client
from im.client import Client, Machine
from im.web.api.forms import CreateForm
from tests.documented import ROOT

PAGE = (ROOT / "docs" / "python.md").read_text()
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
SPANS = [span for span in re.findall(r"`([^`\n]+)`", PAGE) if re.match(r"(machine|Client\(\))\.", span)]


@pytest.mark.parametrize("text", [*BLOCKS, *SPANS])
def test_it_can_be_written_so(text: str) -> None:
    known = {*inspect.signature(Client.create).parameters, *CreateForm.model_fields} - {"self", "more"}
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom):
            assert all(hasattr(im.client, one.name) for one in node.names)
        if isinstance(node, ast.Attribute):
            owner = Machine if isinstance(node.value, ast.Name) else Client
            assert hasattr(owner, node.attr) or node.attr == "document", node.attr
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "create":
            named = {one.arg for one in node.keywords}
            assert named <= known
            assert "gpu" not in named or named & {"max_price", "provider"}, "any cloud is asked by its price"


def test_every_choice_stands_on_the_page() -> None:
    choices = set(inspect.signature(Client.create).parameters) - {"self", "more"}
    assert {one for one in choices if f"`{one}`" not in PAGE} == set()
    assert len(BLOCKS) == 2
    assert len(SPANS) > 8
