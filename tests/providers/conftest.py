from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.providers.clouds import AwsRoom, FakeRoom, Room, moto_server, reset


@pytest.fixture(scope="session")
def moto_url() -> Iterator[str]:
    with moto_server() as url:
        yield url


@pytest.fixture
def aws(moto_url: str) -> AwsRoom:
    reset(moto_url)
    return AwsRoom(moto_url)


@pytest.fixture
def fake() -> FakeRoom:
    return FakeRoom()


@pytest.fixture(params=["fake", "aws"])
def room(request: pytest.FixtureRequest) -> Room:
    found: Room = request.getfixturevalue(request.param)
    return found
