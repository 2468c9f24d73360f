"""The guard's role proved without acting: the documented one, and each way in which it may not do what a schedule asks."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from im.providers.aws.api.clients import Clients
from im.providers.aws.guard_role import STOPS, TERMINATES, TRUST
from im.providers.aws.provider import AwsProvider
from im.providers.aws.settings import AwsSettings
from im.providers.contract import Check
from im.settings import Settings
from tests.providers.clouds import DEPLOYMENT
from tests.providers.standin_room import StandInRoom

ROLE = "arn:aws:iam::123456789012:role/im-guard"
Statements = list[dict[str, Any]]


def documented() -> tuple[Statements, Statements]:
    """(trust, rights) of docs/guard.md, for this deployment."""
    written = (Path(__file__).parents[3] / "docs" / "guard.md").read_text().replace("YOUR-DEPLOYMENT-ID", DEPLOYMENT)
    trust, rights, *_ = (json.loads(one)["Statement"] for one in re.findall(r"```json\n(.*?)```", written, re.DOTALL))
    return trust, rights


def asked(standin: StandInRoom, clients: Clients, role: str = ROLE, deployment: str = DEPLOYMENT) -> dict[str, Check]:
    provider = AwsProvider(
        Settings(sandbox_url=standin.url, parts=(AwsSettings(guard_role=role),)), deployment, clients
    )
    return {one.name: one for one in provider.deadline_guard.checks(standin.scope)}


def test_the_documented_role_is_proved_and_nothing_is_changed(standin: StandInRoom, stepped_clients: Clients) -> None:
    trust, rights = documented()
    standin.control.role(ROLE, trust=trust, rights=rights)
    found = asked(standin, stepped_clients)
    assert {name: one.ok for name, one in found.items()} == {TRUST: True, STOPS: True, TERMINATES: True}
    assert not any("not proven" in one.detail for one in found.values())
    assert f"im:deployment={DEPLOYMENT}" in found[STOPS].detail
    assert standin.control.calls() == []


@pytest.mark.parametrize(
    ("kept", "wrong"),
    [
        (lambda _: False, {STOPS, TERMINATES}),
        (lambda one: one["Action"] == "ec2:StopInstances", {TERMINATES}),
        (lambda one: one["Action"] == "ec2:TerminateInstances", {STOPS}),
    ],
    ids=["no right at all", "may only stop", "may only terminate"],
)
def test_a_right_that_is_missing_is_told_with_what_will_never_happen(
    standin: StandInRoom, stepped_clients: Clients, kept: Any, wrong: set[str]
) -> None:
    trust, rights = documented()
    standin.control.role(ROLE, trust=trust, rights=[one for one in rights if kept(one)])
    found = asked(standin, stepped_clients)
    assert {name for name, one in found.items() if not one.ok} == wrong
    for name in wrong:
        assert "ever acts" in found[name].detail
        assert "docs/guard.md" in found[name].fix


def test_a_role_of_another_deployment_ends_nothing_of_this_one(standin: StandInRoom, stepped_clients: Clients) -> None:
    trust, rights = documented()
    others = json.loads(json.dumps(rights).replace(DEPLOYMENT, "00000000-0000-4000-8000-000000000000"))
    standin.control.role(ROLE, trust=trust, rights=others)
    found = asked(standin, stepped_clients)
    assert (found[STOPS].ok, found[TERMINATES].ok) == (False, False)


@pytest.mark.parametrize(
    ("change", "ok"),
    [
        ({"Principal": {"Service": "lambda.amazonaws.com"}}, False),
        ({"Principal": {"AWS": "*"}}, False),
        ({"Condition": {"StringEquals": {"aws:SourceAccount": "999999999999"}}}, False),
        (
            {"Condition": {"ArnLike": {"aws:SourceArn": "arn:aws:scheduler:eu-west-1:123456789012:schedule-group/*"}}},
            False,
        ),
        ({"Action": "sts:TagSession"}, False),
        ({"Condition": {}}, True),
        ({"Principal": {"Service": ["lambda.amazonaws.com", "scheduler.amazonaws.com"]}, "Action": ["sts:*"]}, True),
        ({"Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}}, None),
        ({"Effect": "Deny"}, None),
    ],
)
def test_whom_it_trusts_is_read_and_what_cannot_be_read_is_not_proven(
    standin: StandInRoom, stepped_clients: Clients, change: dict[str, Any], ok: bool | None
) -> None:
    (trust,), rights = documented()
    standin.control.role(ROLE, trust=[{**trust, **change}], rights=rights)
    found = asked(standin, stepped_clients)[TRUST]
    assert found.ok is (ok is not False), found
    assert ("not proven" in found.detail) is (ok is None), found


def test_where_im_may_not_ask_it_is_not_proven_and_no_fault(standin: StandInRoom, stepped_clients: Clients) -> None:
    for action in ("GetRole", "SimulatePrincipalPolicy"):
        standin.control.refuse(action, "AccessDenied", status=403, times=None)
    found = asked(standin, stepped_clients)
    assert all(one.ok and "not proven" in one.detail for one in found.values()), found
    assert "iam:GetRole lets im ask" in found[TRUST].detail
    assert "iam:SimulatePrincipalPolicy lets im ask" in found[STOPS].detail


def test_a_role_that_is_not_there_or_is_none(standin: StandInRoom, stepped_clients: Clients) -> None:
    found = asked(standin, stepped_clients)
    assert {name: one.ok for name, one in found.items()} == {TRUST: False}
    assert "there is no role im-guard" in found[TRUST].detail
    assert not asked(standin, stepped_clients, role="im-guard")[TRUST].ok
    assert asked(standin, stepped_clients, role="") == {}


def test_without_a_database_the_tag_is_not_known_and_nothing_is_claimed(
    standin: StandInRoom, stepped_clients: Clients
) -> None:
    trust, rights = documented()
    standin.control.role(ROLE, trust=trust, rights=rights)
    found = asked(standin, stepped_clients, deployment="im-doctor")
    assert all("not proven" in found[name].detail and found[name].ok for name in (STOPS, TERMINATES))
