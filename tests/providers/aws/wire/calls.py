"""What is asked of the cloud in these tests."""

from __future__ import annotations

import pytest

from im.providers.aws.profile import PROFILE
from im.providers.aws.provider import AwsProvider
from im.providers.contract import Slot
from im.providers.errors import (
    ProviderError,
)
from im.providers.request import Ask
from tests.providers.clouds import public_key

A, B, C, D = (f"i-0000000000000000{n}" for n in "abcd")


AMI = "ami-0123456789abcdef0"


SCOPE, SPEC = PROFILE.plan(Ask(public_key=public_key(), image=AMI), account="default", default_region="us-east-1")


def launch(aws: AwsProvider, *, token: str = "tok") -> list[str]:  # noqa: S107  # a launch token, no secret
    return [one.provider_id for one in aws.launch(SCOPE, SPEC, token=token, slots=[Slot("im-1", "web-1")])]


def launch_error(aws: AwsProvider) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        launch(aws)
    return caught.value
