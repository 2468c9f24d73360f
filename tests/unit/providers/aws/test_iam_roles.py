"""Which instance profiles the workers lend."""

from __future__ import annotations

import pytest

from im.domain.spec.spec import Spec
from im.providers.aws.iam_roles import check_lent
from im.providers.aws.settings import AwsSettings
from im.providers.errors import Forbidden
from im.settings import Settings


def asking(role: str) -> Spec:
    return Spec("t3.nano", "us-east-1a", "al2023", "", "", "ada", provider_options={"iam_role": role})


def test_none_is_lent_unless_it_is_listed() -> None:
    assert Settings().own(AwsSettings).iam_roles == ""
    with pytest.raises(Forbidden, match="the workers lend no instance profile web: IM_IAM_ROLES"):
        check_lent(asking("web"), "")
    with pytest.raises(Forbidden):
        check_lent(asking("web"), "webserver, batch")


@pytest.mark.parametrize("listed", ["web", "batch, web", "any"])
def test_what_is_listed_is_lent(listed: str) -> None:
    check_lent(asking("web"), listed)


def test_a_machine_without_a_role_needs_none() -> None:
    check_lent(asking(""), "")


def test_in_the_sandbox_both_switches_are_open_and_can_be_closed() -> None:
    sandbox = {"IM_SANDBOX_URL": "http://127.0.0.1:1", "HOME": "/nonexistent", "IM_HOME": "/nonexistent"}
    opened = Settings.from_env(sandbox)
    assert (opened.adopt, opened.own(AwsSettings).iam_roles) == ("any", "any")
    closed = Settings.from_env({**sandbox, "IM_ADOPT": "no", "IM_IAM_ROLES": "web"})
    assert (closed.adopt, closed.own(AwsSettings).iam_roles) == ("no", "web")
