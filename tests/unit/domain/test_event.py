"""What happened has a closed list of kinds and of ways, and nothing else in im spells one of them."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from im.domain.event import Channel, EventKind, kind_of, sent_of
from im.domain.lifecycle import Step
from im.domain.state import Observed

ROOT = Path(__file__).parents[3]

STORED = """
    create requested, adopt requested, start requested, stop requested, terminate requested, extended, protected, unprotected,
    given,
    launch sent, launched, launch failed, cancelled, inherited, found, adopt sent, adopted, not adopted,
    start sent, stop sent, terminate sent, refused, failed, fell back, parked, late answer,
    pending, running, halted, stopping, stopped, terminating, terminated, missing, not listed,
    label changed, label back,
    snapshot sent, snapshot complete, shelve sent, shelved, not shelved, snapshot deleted, address changed,
    expired, end dated, kept long enough, interrupted, came back, replaced, not replaced,
    protection, guard set, guard moved, guard removed, guard refused, notice sent, notice refused, notice not taken
"""
"""As databases hold them since the first version: lines may be added here, and none may go."""


def test_kinds_are_added_and_never_renamed() -> None:
    assert {kind.strip() for kind in STORED.split(",")} == {kind.value for kind in EventKind}


def test_a_name_is_its_value_spelt_as_a_constant() -> None:
    assert all(kind.name == kind.value.upper().replace(" ", "_") for kind in EventKind)
    assert all(channel.name == channel.value.upper() for channel in Channel)


@pytest.mark.parametrize("observed", Observed)
def test_whatever_is_seen_has_its_kind(observed: Observed) -> None:
    assert kind_of(observed) is (EventKind.NOT_LISTED if observed is Observed.NONE else EventKind(observed.value))


@pytest.mark.parametrize("step", [Step.START, Step.STOP, Step.TERMINATE, Step.ADOPT])
def test_whatever_changes_the_cloud_is_told_when_it_is_asked_of_it(step: Step) -> None:
    assert sent_of(step).value == f"{step} sent"


def _literals() -> list[str]:
    """Where an event is made of a bare string, or a writer of history spells out a kind of two words."""
    spelt = {kind.value for kind in EventKind if " " in kind.value}
    found = []
    for path in sorted(part for folder in ("services", "db") for part in (ROOT / "im" / folder).rglob("*.py")):
        nodes = list(ast.walk(ast.parse(path.read_text())))
        sentences = [node for node in nodes if isinstance(node, ast.JoinedStr) or _called(node).startswith("log.")]
        said = [one for node in sentences for one in ast.walk(node)]
        for node in nodes:
            if isinstance(node, ast.Constant) and node.value in spelt and node not in said:
                found.append(f"{path.name}:{node.lineno} {node.value}")
            if isinstance(node, ast.Call) and _called(node) == "Event":
                bare = [one for one in node.args[2:4] if isinstance(one, ast.Constant | ast.JoinedStr)]
                found += [f"{path.name}:{one.lineno} {ast.unparse(one)}" for one in bare]
    return found


def _called(node: ast.AST) -> str:
    return ast.unparse(node.func) if isinstance(node, ast.Call) else ""


def test_no_kind_and_no_way_is_spelt_anywhere_else() -> None:
    assert _literals() == []
