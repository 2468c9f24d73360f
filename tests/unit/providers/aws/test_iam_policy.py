"""docs/iam-policy.json against the source: a right for every call that the adapter makes, and a call for every right."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from typing import Any

import botocore.session
from botocore import xform_name

ROOT = Path(__file__).parents[4]
SERVICES = ("ec2", "iam", "pricing", "scheduler", "ssm", "sts")
OF_THE_GUARD = ("scheduler:", "iam:")
NEVER_CALLED = {"iam:PassRole", "iam:PassedToService"}
"""The right of whoever hands a role on, and its condition."""
NEEDS_NO_RIGHT = {"sts:GetCallerIdentity"}
MACHINES = "arn:aws:ec2:*:*:instance/*"


def calls_in_source() -> set[str]:
    """`service:Operation` of every method that is called on a variable, or an accessor, named after its service."""
    session = botocore.session.Session()
    operations = {
        service: {xform_name(name): name for name in session.get_service_model(service).operation_names}
        for service in SERVICES
    }
    found = set()
    for path in (ROOT / "im" / "providers" / "aws").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            service, method = _call(node)
            if service in operations and method in operations[service]:
                found.add(f"{service}:{operations[service][method]}")
    return found


def _call(node: ast.AST) -> tuple[str, str]:
    """(receiver, method); of a paginator the method that it repeats."""
    if isinstance(node, ast.Attribute):
        return _service(node.value), node.attr
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "get_paginator":
        repeats = node.args[0]
        assert isinstance(repeats, ast.Constant), "a paginator that nobody can read"
        return _service(node.func.value), str(repeats.value)
    return "", ""


def _service(receiver: ast.expr) -> str:
    if isinstance(receiver, ast.Name):
        return receiver.id
    if isinstance(receiver, ast.Call) and isinstance(receiver.func, ast.Attribute):
        return receiver.func.attr
    return ""


def statements(name: str = "iam-policy.json") -> list[dict[str, Any]]:
    read: dict[str, Any] = json.loads((ROOT / "docs" / name).read_text())
    assert read["Version"] == "2012-10-17"
    return [{**one, "Action": _many(one["Action"]), "Resource": _many(one["Resource"])} for one in read["Statement"]]


def _many(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def rights() -> set[str]:
    return {action for one in statements() for action in one["Action"]}


def rights_of_the_guard() -> set[str]:
    written = (ROOT / "docs" / "guard.md").read_text().rpartition("## What the workers need for it")[2]
    return set(re.findall(r'"((?:scheduler|iam):[A-Z]\w+)"', written)) - NEVER_CALLED


def test_there_is_a_right_for_every_call_and_a_call_for_every_right() -> None:
    calls = calls_in_source()
    assert len(calls) > 20, "the source is really read"
    guard = {call for call in calls if call.startswith(OF_THE_GUARD)}
    assert rights() == calls - guard - NEEDS_NO_RIGHT
    assert rights_of_the_guard() == guard


def test_no_call_is_made_under_a_name_that_nobody_can_read() -> None:
    for path in (ROOT / "im" / "providers" / "aws").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            computed = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "getattr"
            assert not computed or _service(node.args[0]) not in SERVICES, path  # type: ignore[attr-defined]


def test_no_right_is_a_wildcard_and_what_changes_anything_names_its_resources() -> None:
    for one in statements():
        assert one["Effect"] == "Allow"
        assert not any("*" in action for action in one["Action"])
        looks = all(re.match(r"\w+:(Describe|Get)", action) for action in one["Action"])
        assert looks or "*" not in one["Resource"], one["Sid"]


def test_machines_are_changed_only_when_they_carry_a_deployments_tag() -> None:
    changing = {"ec2:StartInstances", "ec2:StopInstances", "ec2:TerminateInstances", "ec2:ModifyInstanceAttribute"}
    changing |= {"ec2:CancelSpotInstanceRequests"}
    for one in statements():
        if changing & set(one["Action"]):
            assert "aws:ResourceTag/im:deployment" in one["Condition"]["StringLike"], one["Sid"]
        if "ec2:RunInstances" in one["Action"] and MACHINES in one["Resource"]:
            assert "aws:RequestTag/im:deployment" in one["Condition"]["StringLike"], one["Sid"]


def test_nobody_tags_what_is_not_being_made_and_carries_no_deployments_tag() -> None:
    tagging = [one for one in statements() if "ec2:CreateTags" in one["Action"]]
    assert len(tagging) == 2
    for one in tagging:
        made = "ec2:CreateAction" in one["Condition"].get("StringEquals", {})
        assert made or "aws:ResourceTag/im:deployment" in one["Condition"]["StringLike"], one["Sid"]
        if not made:
            assert one["Condition"]["ForAllValues:StringEquals"] == {"aws:TagKeys": ["Name", "im:instance", "im:mark"]}
            assert one["Condition"]["Null"] == {"aws:TagKeys": "false"}, "for all of no keys is true"


def test_no_attribute_is_set_but_the_protection_so_that_nobody_slips_in_user_data() -> None:
    (one,) = (one for one in statements() if "ec2:ModifyInstanceAttribute" in one["Action"])
    assert one["Action"] == ["ec2:ModifyInstanceAttribute"]
    assert one["Condition"]["StringEquals"] == {"ec2:Attribute": "DisableApiTermination"}


def test_adoption_is_a_policy_of_its_own_that_takes_no_other_deployments_machine() -> None:
    for one in statements("iam-policy-adopt.json"):
        assert one["Action"] == ["ec2:CreateTags"]
        keys = one["Condition"]["ForAllValues:StringEquals"]["aws:TagKeys"]
        assert keys == ["im:deployment", "im:instance", "im:owner"]
        nobodys = one["Condition"]["Null"].get("aws:ResourceTag/im:deployment") == "true"
        assert nobodys or one["Condition"]["StringEquals"] == {"aws:ResourceTag/im:deployment": "YOUR-DEPLOYMENT-ID"}


def test_each_statement_says_what_its_holder_could_do_at_worst() -> None:
    written = (ROOT / "docs" / "security.md").read_text()
    told = set(re.findall(r"^\| `(\w+)` \| \S", written, re.MULTILINE))
    names = ("iam-policy.json", "iam-policy-adopt.json")
    assert told == {one["Sid"] for name in names for one in statements(name)}


def test_the_guards_role_is_lent_to_schedules_of_this_account_alone_and_ends_only_what_is_tagged() -> None:
    written = (ROOT / "docs" / "guard.md").read_text()
    trust, may, *_ = (json.loads(one)["Statement"] for one in re.findall(r"```json\n(.*?)```", written, re.DOTALL))
    assert "schedule-group/default" in trust[0]["Condition"]["ArnLike"]["aws:SourceArn"]
    assert {action for one in may for action in _many(one["Action"])} == {"ec2:StopInstances", "ec2:TerminateInstances"}
    for one in may:
        assert "aws:ResourceTag/im:deployment" in one["Condition"]["StringEquals"]
